//! The flags of the gate: TLS, proxies and limits.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::gate::{self, IpNet, ProxyHeader, TlsFiles};
use crate::session;

/// How much one client may ask for.
#[derive(Debug, Args)]
pub struct LimitArgs {
    /// Most sessions at once
    #[arg(long, env = "RIDECAST_MAX_SESSIONS", default_value_t = 20_000)]
    max_sessions: usize,
    /// Most sessions of one address at once; 0: any number
    #[arg(
        long,
        env = "RIDECAST_MAX_SESSIONS_PER_ADDRESS",
        default_value_t = 5_000
    )]
    max_sessions_per_address: usize,
    /// Most sessions of one person at once; 0: any number
    #[arg(long, env = "RIDECAST_MAX_SESSIONS_PER_USER", default_value_t = 50)]
    max_sessions_per_user: usize,
    /// Most connections of one address at once; 0: any number
    #[arg(
        long,
        env = "RIDECAST_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = 10_000
    )]
    max_connections_per_address: usize,
    /// WebSocket handshakes from one address in a second; 0: any number
    #[arg(
        long,
        env = "RIDECAST_MAX_HANDSHAKES_PER_ADDRESS",
        default_value_t = 200
    )]
    max_handshakes_per_address: u32,
    /// Other requests from one address in a second; 0: any number
    #[arg(long, env = "RIDECAST_MAX_REQUESTS_PER_ADDRESS", default_value_t = 500)]
    max_requests_per_address: u32,
    /// Addresses that these limits do not hold for
    #[arg(
        long,
        value_name = "CIDR",
        env = "RIDECAST_EXEMPT",
        value_delimiter = ',',
        value_parser = network,
        default_value = "127.0.0.0/8,::1"
    )]
    exempt: Vec<IpNet>,
    /// Largest body of a request, bytes
    #[arg(
        long,
        value_name = "BYTES",
        env = "RIDECAST_MAX_BODY",
        default_value_t = 262_144
    )]
    max_body: usize,
    /// How long the head of a request may take to come
    #[arg(long, value_name = "TIME", env = "RIDECAST_HEAD_TIMEOUT", value_parser = humantime::parse_duration, default_value = "10s")]
    head_timeout: Duration,
    /// How long a request may take from its head to its answer
    #[arg(long, value_name = "TIME", env = "RIDECAST_REQUEST_TIMEOUT", value_parser = humantime::parse_duration, default_value = "30s")]
    request_timeout: Duration,
    /// Messages of a session in a second
    #[arg(long, env = "RIDECAST_MAX_MESSAGES", default_value = "100")]
    max_messages: NonZeroU32,
    /// Bytes of a session in a second
    #[arg(
        long,
        value_name = "BYTES",
        env = "RIDECAST_MAX_BYTES",
        default_value = "65536"
    )]
    max_bytes: NonZeroU32,
    /// Positions of a driver's session in a second
    #[arg(long, env = "RIDECAST_MAX_POSITIONS", default_value = "50")]
    max_positions: NonZeroU32,
}

/// TLS, and proxies before the service.
#[derive(Debug, Args)]
pub struct TlsArgs {
    /// Certificate chain for TLS (PEM); looked at anew every 2 s
    #[arg(
        long,
        value_name = "FILE",
        env = "RIDECAST_TLS_CERT",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(
        long,
        value_name = "FILE",
        env = "RIDECAST_TLS_KEY",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
    /// How long a handshake of TLS may take
    #[arg(long, value_name = "TIME", env = "RIDECAST_TLS_HANDSHAKE_TIMEOUT", value_parser = humantime::parse_duration, default_value = "10s")]
    tls_handshake_timeout: Duration,
    /// Proxies whose word about their client's address is believed
    #[arg(
        long,
        value_name = "CIDR",
        env = "RIDECAST_TRUST_PROXY",
        value_delimiter = ',',
        value_parser = network
    )]
    trust_proxy: Vec<IpNet>,
    /// The header they say it in
    #[arg(
        long,
        value_enum,
        env = "RIDECAST_PROXY_HEADER",
        default_value_t = Header::XForwardedFor
    )]
    proxy_header: Header,
}

/// The headers in which proxies name their client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Header {
    /// As most do.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl LimitArgs {
    pub(super) fn sessions(&self) -> session::Settings {
        session::Settings {
            most: self.max_sessions,
            most_per_address: self.max_sessions_per_address,
            most_per_user: self.max_sessions_per_user,
            messages_per_s: self.max_messages,
            bytes_per_s: self.max_bytes,
            positions_per_s: self.max_positions,
        }
    }

    pub(super) fn gate(&self) -> gate::Settings {
        gate::Settings {
            exempt: self.exempt.clone(),
            connections_per_address: self.max_connections_per_address,
            handshakes_per_address: self.max_handshakes_per_address,
            requests_per_address: self.max_requests_per_address,
            body_bytes: self.max_body,
            head_timeout: self.head_timeout,
            request_timeout: self.request_timeout,
            ..gate::Settings::default()
        }
    }
}

impl TlsArgs {
    pub(super) fn add_to(&self, settings: &mut gate::Settings) {
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        settings.tls = files.map(|(certificate, key)| TlsFiles { certificate, key });
        settings.tls_handshake_timeout = self.tls_handshake_timeout;
        settings.trusted.clone_from(&self.trust_proxy);
        settings.proxy_header = match self.proxy_header {
            Header::XForwardedFor => ProxyHeader::XForwardedFor,
            Header::Forwarded => ProxyHeader::Forwarded,
        };
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse::<IpNet>().or_else(|_| one());
    network.map_err(|_| "it must be as in 10.0.0.0/8, 192.0.2.1 or fd00::/8".to_owned())
}
