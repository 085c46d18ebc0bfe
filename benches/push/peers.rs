//! Other servers that push, where they are installed: what they do with the same messages.
//!
//! None of them knows vehicles or areas: they pass on what one client publishes to all who
//! subscribed, which is what ridecast is compared with in scenarios A and B.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use memchr::memmem;
use tempfile::TempDir;

use crate::crowd::{Plan, Ready};
use crate::frame;
use crate::meter::{Meter, marked};
use crate::process::{Process, free_address};
use crate::yardstick;

/// Bytes of a message: what ridecast's JSON of one vehicle has, roughly.
const MESSAGE_BYTES: usize = 200;

/// What can be measured beside ridecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Yardstick,
    YardstickJoined,
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
    pub(crate) process: Process,
    /// Where its processor time is used, if not in `process` itself.
    worker: Option<u32>,
    pub(crate) address: SocketAddr,
    _files: TempDir,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.worker.unwrap_or_else(|| self.process.id())
    }
}

/// Sends one message after the other.
pub(crate) struct Publisher {
    stream: TcpStream,
    peer: Peer,
}

impl Peer {
    pub(crate) const ALL: [Self; 9] = [
        Self::Yardstick,
        Self::YardstickJoined,
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
            Self::Yardstick => yardstick::ONE_AT_A_TIME,
            Self::YardstickJoined => yardstick::JOINED,
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
            Self::Yardstick | Self::YardstickJoined => Vec::new(),
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
        let mut worker = None;
        let (process, address) = match self {
            Self::Yardstick | Self::YardstickJoined => {
                let this = std::env::current_exe().expect("this program");
                Process::start_telling(Command::new(this).arg(self.name()))
            }
            Self::UWebSockets => (node("uws.cjs"), at),
            Self::Ws => (node("ws.cjs"), at),
            Self::SocketIo => (node("socket-io.cjs"), at),
            Self::Nchan => {
                let config = write("nginx.conf", &nchan_config(&port, files.path()));
                let process = start(Command::new("/usr/sbin/nginx").arg("-c").arg(config));
                // One worker; the master only waits.
                worker = child_of(process.id());
                (process, at)
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
                let config = format!(
                    "listener {port} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n\
                     set_tcp_nodelay true\n"
                );
                let config = write("mosquitto.conf", &config);
                let mut command = Command::new("/usr/sbin/mosquitto");
                (start(command.arg("-c").arg(config)), at)
            }
            Self::Redis => {
                let mut command = Command::new("redis-server");
                command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
                (start(command.current_dir(files.path())), at)
            }
        };
        Running {
            process,
            worker,
            address,
            _files: files,
        }
    }

    pub(crate) fn subscriber(self, n: usize) -> Plan {
        let websocket = |path: &str, more: &str, after: Vec<u8>, ready: &'static [u8]| Plan {
            request: frame::upgrade(path, more),
            after,
            ready: Ready::Bytes(ready),
            meter: Meter::Marks,
        };
        match self {
            Self::Yardstick | Self::YardstickJoined | Self::UWebSockets | Self::Ws => {
                websocket("/sub", "", Vec::new(), b"\r\n\r\n")
            }
            Self::SocketIo => websocket(SOCKET_IO, "", frame::text(b"40"), b"40{"),
            Self::Nchan => websocket("/sub", "", Vec::new(), b"\r\n\r\n"),
            Self::Nats => {
                let after =
                    b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench 1\r\nPING\r\n";
                websocket("/", "", frame::binary(after), b"PONG")
            }
            Self::Mosquitto => {
                let mut after = frame::binary(&mqtt_connect(&format!("subscriber-{n}")));
                let mut subscribe = vec![0, 1];
                subscribe.extend(mqtt_text("bench"));
                subscribe.push(0);
                after.extend(frame::binary(&mqtt_packet(0x82, &subscribe)));
                let protocol = "Sec-WebSocket-Protocol: mqtt\r\n";
                // SUBACK, of the packet above, QoS 0.
                websocket("/", protocol, after, &[0x90, 3, 0, 1, 0])
            }
            Self::Redis => Plan {
                request: b"SUBSCRIBE bench\r\n".to_vec(),
                after: Vec::new(),
                ready: Ready::Bytes(b":1\r\n"),
                meter: Meter::Marks,
            },
        }
    }

    pub(crate) fn publisher(self, address: SocketAddr) -> Publisher {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("an option");
        let (greeting, after): (Vec<u8>, Vec<u8>) = match self {
            Self::Yardstick | Self::YardstickJoined | Self::UWebSockets | Self::Ws => {
                (frame::upgrade("/pub", ""), Vec::new())
            }
            Self::SocketIo => (frame::upgrade(SOCKET_IO, ""), frame::text(b"40")),
            Self::Nchan | Self::Redis => (Vec::new(), Vec::new()),
            Self::Nats => {
                let connect = b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n";
                (frame::upgrade("/", ""), frame::binary(connect))
            }
            Self::Mosquitto => {
                let protocol = "Sec-WebSocket-Protocol: mqtt\r\n";
                let connect = frame::binary(&mqtt_connect("publisher"));
                (frame::upgrade("/", protocol), connect)
            }
        };
        stream.write_all(&greeting).expect("it reads");
        if !greeting.is_empty() {
            let mut answer = Vec::new();
            let mut buffer = [0; 4_096];
            while memmem::find(&answer, b"\r\n\r\n").is_none() {
                let read = stream.read(&mut buffer).expect("an answer");
                assert!(read > 0, "{self:?} closes");
                answer.extend_from_slice(&buffer[..read]);
            }
        }
        stream.write_all(&after).expect("it reads");
        let mut reading = stream.try_clone().expect("a handle");
        // Some send the publisher its own messages, and all must be read.
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while reading.read(&mut buffer).is_ok_and(|read| read > 0) {}
        });
        Publisher { stream, peer: self }
    }
}

impl Publisher {
    pub(crate) fn publish(&mut self) {
        let payload = marked(MESSAGE_BYTES);
        let join = |head: &[u8], tail: &[u8]| [head, &payload, tail].concat();
        let message = match self.peer {
            Peer::Yardstick | Peer::YardstickJoined | Peer::UWebSockets | Peer::Ws => {
                frame::text(&payload)
            }
            Peer::SocketIo => frame::text(&join(b"42[\"pos\",", b"]")),
            Peer::Nchan => {
                let head = format!(
                    "POST /pub HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n",
                    payload.len()
                );
                join(head.as_bytes(), b"")
            }
            Peer::Nats => {
                let head = format!("PUB bench {}\r\n", payload.len());
                frame::binary(&join(head.as_bytes(), b"\r\n"))
            }
            Peer::Mosquitto => {
                let publish = mqtt_packet(0x30, &join(&mqtt_text("bench"), b""));
                frame::binary(&publish)
            }
            Peer::Redis => {
                let head = format!(
                    "*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n${}\r\n",
                    payload.len()
                );
                join(head.as_bytes(), b"\r\n")
            }
        };
        self.stream.write_all(&message).expect("it reads");
    }
}

const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";
const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

fn nchan_config(port: &str, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "load_module {NCHAN};
         daemon off; worker_processes 1; worker_rlimit_nofile 20000;
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

/// The process that another one started.
fn child_of(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Where the peers' scripts are, and where `scripts/bench --install` puts their packages.
fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/push/peers")
}

/// A text as MQTT 3.1.1 writes it (section 1.5.3).
fn mqtt_text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

/// A packet of MQTT 3.1.1 (section 2.2): its length is in groups of seven bits.
fn mqtt_packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    while length > 0x7f {
        packet.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
        length >>= 7;
    }
    packet.push(u8::try_from(length).expect("seven bits"));
    packet.extend_from_slice(body);
    packet
}

/// CONNECT (section 3.1): clean session, no keep-alive.
fn mqtt_connect(client: &str) -> Vec<u8> {
    let mut body = mqtt_text("MQTT");
    body.extend_from_slice(&[4, 2, 0, 0]);
    body.extend(mqtt_text(client));
    mqtt_packet(0x10, &body)
}
