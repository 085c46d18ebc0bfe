//! What is said to the peers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::Peer;
use crate::crowd::{Plan, Ready};
use crate::frame;
use crate::meter::{Meter, marked};

/// Bytes of a message: what ridecast's JSON of one vehicle has, roughly.
const MESSAGE_BYTES: usize = 200;
const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";

/// Sends one message after the other.
pub(crate) struct Publisher {
    stream: TcpStream,
    peer: Peer,
}

impl Peer {
    pub(crate) fn subscriber(self, n: usize) -> Plan {
        let websocket = |path: &str, more: &str, after: Vec<u8>, ready: &'static [u8]| Plan {
            request: frame::upgrade(path, more),
            after,
            ready: Ready::Bytes(ready),
            meter: Meter::Marks,
        };
        match self {
            Self::Yardstick(_) | Self::UWebSockets | Self::Ws => {
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
            Self::Yardstick(_) | Self::UWebSockets | Self::Ws => {
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
            frame::wait_for(&mut stream, b"\r\n\r\n");
        }
        stream.write_all(&after).expect("it reads");
        if self == Self::SocketIo {
            // It throws out whoever publishes before.
            frame::wait_for(&mut stream, b"40{");
        }
        let mut reading = stream.try_clone().expect("a handle");
        // Some send the publisher its own messages, and all must be read.
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
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
            Peer::Yardstick(_) | Peer::UWebSockets | Peer::Ws => frame::text(&payload),
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
