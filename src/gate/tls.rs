use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_http::Protocol;
use parking_lot::RwLock;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Where the certificate is.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, PEM, the service's own certificate first.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It is not there, or may not be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// Of which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is none.
    #[error("{} has no {what}: {error}", path.display())]
    Pem {
        /// Of which file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// Why.
        error: pem::Error,
    },
    /// The key cannot be used, or is that of another certificate.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The certificate that is shown to clients: the newest that was good.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    shown: RwLock<Arc<CertifiedKey>>,
}

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What rustls keeps for a client that takes nothing. As little as one record: beside what the
/// kernel keeps it only makes positions older.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// The bytes of both files.
type Seen = (Vec<u8>, Vec<u8>);

impl Certificate {
    /// The certificate of these files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let shown = certified(&files, &read(&files)?)?;
        Ok(Arc::new(Self {
            files,
            shown: RwLock::new(Arc::new(shown)),
        }))
    }

    /// Shows another one as soon as the files have it, for ever. While they have none that is
    /// good, the last one stays, and the log says so once.
    pub async fn keep_up(self: Arc<Self>) {
        let mut seen = None;
        loop {
            let (this, before) = (Arc::clone(&self), seen.take());
            // The disk may be one far away.
            let looked = tokio::task::spawn_blocking(move || {
                let found = read(&this.files).map_err(|error| error.to_string());
                if before.as_ref() != Some(&found) {
                    this.take(before.is_some(), &found);
                }
                found
            });
            // The program ends.
            let Ok(found) = looked.await else { return };
            seen = Some(found);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn take(&self, is_news: bool, found: &Result<Seen, String>) {
        let good = found
            .as_ref()
            .map_err(String::clone)
            .and_then(|found| certified(&self.files, found).map_err(|error| error.to_string()));
        match good {
            Ok(certified) => {
                *self.shown.write() = Arc::new(certified);
                if is_news {
                    tracing::info!(file = %self.files.certificate.display(), "a new certificate");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the new certificate is not good; the last one stays");
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read()))
    }
}

fn read(files: &TlsFiles) -> Result<Seen, TlsError> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| TlsError::Read {
            path: path.clone(),
            error,
        })
    };
    Ok((read(&files.certificate)?, read(&files.key)?))
}

fn certified(files: &TlsFiles, (chain, key): &Seen) -> Result<CertifiedKey, TlsError> {
    let bad = |path: &PathBuf, what, error| TlsError::Pem {
        path: path.clone(),
        what,
        error,
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.and_then(|chain| {
        let found = !chain.is_empty();
        found.then_some(chain).ok_or(pem::Error::NoItemsFound)
    });
    let chain = chain.map_err(|error| bad(&files.certificate, "certificate", error))?;
    let key = PrivateKeyDer::from_pem_slice(key);
    let key = key.map_err(|error| bad(&files.key, "private key", error))?;
    let provider = ring::default_provider();
    Ok(CertifiedKey::from_der(chain, key, &provider)?)
}

/// TLS 1.2 and 1.3 with this certificate.
pub(super) fn acceptor(certificate: Arc<Certificate>) -> Result<TlsAcceptor, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Phones come back often. With tickets they need no signature of ours, and nothing is kept here.
    config.ticketer = ring::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The handshake, and what the client wants to speak.
///
/// Not `actix_tls`'s: that has 256 handshakes at once for a thread, so that as many clients who
/// begin one and say no more would keep all others out.
pub(super) async fn accept(
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
) -> io::Result<(TlsStream<TcpStream>, Protocol)> {
    let bound = |session: &mut ServerConnection| {
        session.set_buffer_limit(Some(WRITE_BUFFER_BYTES));
    };
    let stream = acceptor.accept_with(tcp, bound).await?;
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Ok((stream, protocol))
}
