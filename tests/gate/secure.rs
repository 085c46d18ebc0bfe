//! A service with TLS, and certificates made for it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ridecast::app::Settings;
use ridecast::gate::TlsFiles;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::service::Service;

pub(crate) struct Secure {
    pub(crate) service: Service,
    pub(crate) certificate: Made,
    folder: TempDir,
}

/// A certificate for `localhost` that has signed itself, and its key.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) pem: String,
    key: String,
}

impl Made {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self {
            pem: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()
    }
}

impl Secure {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let (folder, certificate) = (TempDir::new().unwrap(), Made::new());
        let files = files(&folder);
        std::fs::write(&files.certificate, &certificate.pem).unwrap();
        std::fs::write(&files.key, &certificate.key).unwrap();
        let service = Service::start_with(|settings| {
            settings.gate.tls = Some(files);
            change(settings);
        });
        Self {
            service,
            certificate,
            folder,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.service.address
    }

    /// Puts these into the files, one after the other, as tools that renew do.
    pub(crate) fn put(&self, certificate: &str, key: &Made) {
        let files = files(&self.folder);
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, &key.key).unwrap();
    }

    pub(crate) fn certificate_file(&self) -> PathBuf {
        files(&self.folder).certificate
    }

    /// A connection that believes its first certificate.
    pub(crate) async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let config = config(&[&self.certificate], rustls::ALL_VERSIONS, protocols);
        connect(self.address(), config).await.unwrap()
    }

    /// A client of HTTP that believes it.
    pub(crate) fn http(&self) -> reqwest::ClientBuilder {
        let _ = ring::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(self.certificate.pem.as_bytes()).unwrap();
        reqwest::Client::builder()
            .tls_certs_only([root])
            .resolve("localhost", self.address())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address().port())
    }
}

fn files(folder: &TempDir) -> TlsFiles {
    TlsFiles {
        certificate: folder.path().join("chain.pem"),
        key: folder.path().join("key.pem"),
    }
}

/// Believes these, speaks these.
pub(crate) fn config(
    believed: &[&Made],
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for made in believed {
        roots.add(made.der()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    config
}

pub(crate) async fn connect(
    to: SocketAddr,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    // Small, so that a client that does not read is soon one that does not take.
    socket.set_recv_buffer_size(16 * 1024)?;
    let socket = socket.connect(to).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await
}
