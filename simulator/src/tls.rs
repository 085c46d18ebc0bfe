//! Which certificates of services are believed.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::SimError;

/// Those that this machine believes.
pub(crate) fn as_this_machine() -> Result<Arc<ClientConfig>, SimError> {
    believing(rustls_native_certs::load_native_certs().certs)
}

/// Those that one of this file has signed, and no others.
pub(crate) fn signed_by(file: &Path) -> Result<Arc<ClientConfig>, SimError> {
    let certificates = CertificateDer::pem_file_iter(file);
    let certificates: Result<Vec<_>, _> = certificates.and_then(Iterator::collect);
    let certificates = certificates.map_err(|error| {
        let file = file.display();
        SimError::Tls(format!("{file} has no certificate: {error}"))
    })?;
    believing(certificates)
}

fn believing(certificates: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, SimError> {
    let mut roots = RootCertStore::empty();
    // A machine has some that nobody can read any more.
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(SimError::Tls("there is no root certificate".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SimError::Tls(error.to_string()))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}
