//! The gate: what every connection and every request passes before anything else. TLS, whose
//! address it is, and how much one address may ask for.

mod client;
mod link;
mod pass;
mod rate;
mod tls;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
pub use ipnet::IpNet;

pub use client::{Client, ProxyHeader};
pub use link::Link;
pub use pass::pass;
pub use rate::Rate;
pub use tls::{Certificate, TlsError, TlsFiles};

use crate::session::Counts;
use crate::telemetry::{Limit, Metrics};
use client::Proxies;
use tokio_rustls::TlsAcceptor;

/// What the gate lets pass. What is per address holds for each IPv4 address and each IPv6 network
/// of 64 bits, which is what one client has.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The certificate. `None`: without TLS.
    pub tls: Option<TlsFiles>,
    /// Proxies whose word about their client is believed.
    pub trusted: Vec<IpNet>,
    /// Where they say it.
    pub proxy_header: ProxyHeader,
    /// Addresses that nothing here is limited for: one's own proxy, tools and tests on this
    /// machine.
    pub exempt: Vec<IpNet>,
    /// TCP connections of one address at once; 0: any number.
    pub connections_per_address: usize,
    /// WebSocket handshakes from one address in a second, ten times as many at once; 0: any
    /// number.
    pub handshakes_per_address: u32,
    /// Other requests from one address in a second, ten times as many at once; 0: any number.
    pub requests_per_address: u32,
    /// The largest body of a request, bytes.
    pub body_bytes: usize,
    /// How long the head of a request may take to come.
    pub head_timeout: Duration,
    /// How long a request may take from its head to the beginning of its answer.
    pub request_timeout: Duration,
    /// How long a handshake of TLS may take.
    pub tls_handshake_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        const LOOPBACK: [(IpAddr, u8); 2] = [
            (IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 0)), 8),
            (IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), 128),
        ];
        Self {
            tls: None,
            trusted: Vec::new(),
            proxy_header: ProxyHeader::XForwardedFor,
            exempt: LOOPBACK
                .iter()
                .filter_map(|&(address, bits)| IpNet::new(address, bits).ok())
                .collect(),
            connections_per_address: 10_000,
            handshakes_per_address: 200,
            requests_per_address: 500,
            // A list of 1,000 positions with every field and room to spare.
            body_bytes: 256 * 1024,
            head_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            tls_handshake_timeout: Duration::from_secs(10),
        }
    }
}

/// The gate of this node.
pub struct Gate {
    settings: Settings,
    proxies: Proxies,
    metrics: Arc<Metrics>,
    connections: Arc<Counts<IpAddr>>,
    handshakes: Rate<IpAddr>,
    requests: Rate<IpAddr>,
    tls: Option<TlsAcceptor>,
}

impl Gate {
    /// A gate. `certificate`: of the files that the settings name.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(
        settings: Settings,
        certificate: Option<Arc<Certificate>>,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, TlsError> {
        let tls = certificate.map(tls::acceptor).transpose()?;
        Ok(Arc::new(Self {
            proxies: Proxies::new(&settings),
            connections: Counts::new(settings.connections_per_address),
            handshakes: Rate::new(Limit::HandshakesPerAddress, settings.handshakes_per_address),
            requests: Rate::new(Limit::RequestsPerAddress, settings.requests_per_address),
            settings,
            metrics,
            tls,
        }))
    }

    /// How it is set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whose request it is.
    fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Client {
        self.proxies.client(peer, headers)
    }
}
