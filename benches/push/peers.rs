//! Other servers that push, where they are installed: what they do with the same messages.
//!
//! None of them knows vehicles or areas: they pass on what one client publishes to all who
//! subscribed, which is what ridecast is compared with in scenarios A and B.

mod talk;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Process, free_address};
use crate::yardstick;
pub(crate) use talk::Publisher;

/// What can be measured beside ridecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// In one of its forms, by its name.
    Yardstick(&'static str),
    UWebSockets,
    Ws,
    SocketIo,
    Nchan,
    Nats,
    Mosquitto,
    Redis,
}

/// A peer at work.
pub(crate) struct Running {
    process: Process,
    pub(crate) address: SocketAddr,
    _files: TempDir,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Peer {
    pub(crate) const ALL: [Self; 10] = [
        Self::Yardstick(yardstick::ONE_AT_A_TIME),
        Self::Yardstick(yardstick::TWO_THREADS),
        Self::Yardstick(yardstick::JOINED),
        Self::UWebSockets,
        Self::Ws,
        Self::SocketIo,
        Self::Nchan,
        Self::Nats,
        Self::Mosquitto,
        Self::Redis,
    ];

    /// As it stands in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Yardstick(name) => name,
            Self::UWebSockets => "uWebSockets.js",
            Self::Ws => "ws",
            Self::SocketIo => "socket.io",
            Self::Nchan => "nchan",
            Self::Nats => "nats",
            Self::Mosquitto => "mosquitto",
            Self::Redis => "redis",
        }
    }

    /// What it needs on the machine: a program, or a package of `scripts/bench --install`.
    fn needs(self) -> Vec<PathBuf> {
        let node = |package: &str| {
            let package = peers_folder().join("node_modules").join(package);
            vec![PathBuf::from("node"), package]
        };
        match self {
            Self::Yardstick(_) => Vec::new(),
            Self::UWebSockets => node("uwebsockets"),
            Self::Ws => node("ws"),
            Self::SocketIo => node("socket.io"),
            Self::Nchan => vec!["nginx".into(), NCHAN.into()],
            Self::Nats => vec!["nats-server".into()],
            Self::Mosquitto => vec!["mosquitto".into()],
            Self::Redis => vec!["redis-server".into()],
        }
    }

    /// Whether all that it needs is here.
    pub(crate) fn is_installed(self) -> bool {
        self.needs().iter().all(|what| {
            let there = |folder: &Path| folder.join(what).exists();
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| there(&folder))
                || there(Path::new("/usr/sbin"))
        })
    }

    pub(crate) fn start(self) -> Running {
        let files = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let at = free_address();
        let port = at.port().to_string();
        let start = |command: &mut Command| Process::start_at(command, at);
        let node = |script: &str| {
            let script = peers_folder().join(script);
            start(Command::new("node").arg(script).arg(&port))
        };
        let (process, address) = match self {
            Self::Yardstick(_) => {
                let this = std::env::current_exe().expect("this program");
                Process::start_telling(Command::new(this).arg(self.name()))
            }
            Self::UWebSockets => (node("uws.cjs"), at),
            Self::Ws => (node("ws.cjs"), at),
            Self::SocketIo => (node("socket-io.cjs"), at),
            Self::Nchan => {
                let config = write("nginx.conf", &nchan_config(&port, files.path()));
                (
                    start(Command::new("/usr/sbin/nginx").arg("-c").arg(config)),
                    at,
                )
            }
            Self::Nats => {
                let config = format!("websocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}");
                let config = write("nats.conf", &config);
                let own = free_address().port().to_string();
                let mut command = Command::new("nats-server");
                let arguments = ["-a", "127.0.0.1", "-p", &own, "-c"];
                (start(command.args(arguments).arg(config)), at)
            }
            Self::Mosquitto => {
                // 2.0.11, Debian's, does not start with a WebSocket listener alone.
                let plain = free_address().port();
                let config = format!(
                    "allow_anonymous true\nset_tcp_nodelay true\nlistener {plain} 127.0.0.1\n\
                     listener {port} 127.0.0.1\nprotocol websockets\n"
                );
                let config = write("mosquitto.conf", &config);
                let mut command = Command::new("/usr/sbin/mosquitto");
                (start(command.arg("-c").arg(config)), at)
            }
            Self::Redis => {
                let mut command = Command::new("redis-server");
                command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
                // The default is 10,000.
                command.args(["--maxclients", "18000"]);
                (start(command.current_dir(files.path())), at)
            }
        };
        Running {
            process,
            address,
            _files: files,
        }
    }
}

const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// One process: a master would leave its worker behind when it is killed.
fn nchan_config(port: &str, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "load_module {NCHAN};
         daemon off; master_process off;
         pid {folder}/nginx.pid; error_log /dev/null;
         events {{ worker_connections 19000; }}
         http {{
             access_log off;
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
             fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
             scgi_temp_path {folder}/scgi; keepalive_requests 100000000;
             server {{
                 listen 127.0.0.1:{port} backlog=4096; tcp_nodelay on;
                 location = /pub {{ nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 100; }}
                 location = /sub {{ nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
             }}
         }}"
    )
}

/// Where the peers' scripts are, and where `scripts/bench --install` puts their packages.
pub(crate) fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/push/peers")
}
