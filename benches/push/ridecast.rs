//! ridecast under measurement, its riders and its drivers.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use memchr::memmem;
use rand::Rng as _;
use ridecast::auth::Auth;
use ridecast_protocol::{Role, SUBPROTOCOL_BIN, SUBPROTOCOL_JSON, UserId};

use crate::crowd::{Plan, Ready};
use crate::frame;
use crate::meter::{Meter, latitude_at, now_us};
use crate::process::Process;

const SECRET: &str = "the secret of a bench, of 32 bytes or more";

/// In which form riders want their vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Binary,
}

impl Form {
    pub(crate) const BOTH: [Self; 2] = [Self::Binary, Self::Json];

    /// As it stands in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "ridecast-json",
            Self::Binary => "ridecast-bin",
        }
    }
}

/// A running service.
pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// On the store of this URL, with its defaults otherwise.
    pub(crate) fn start(store: &str) -> Self {
        let (process, address) = Process::start_telling(
            Command::new(env!("CARGO_BIN_EXE_ridecast"))
                .args(["serve", "--bind", "127.0.0.1:0", "--store", store])
                .args(["--auth-secret", SECRET, "--max-sessions", "40000"])
                .env("RUST_LOG", "info"),
        );
        Self { process, address }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A counter of its metrics.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics", "");
        let value = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|value| value.parse().ok()).unwrap_or(0.0)
    }

    /// How many sessions it has closed with this code.
    pub(crate) fn closes(&self, code: u16) -> f64 {
        self.metric(&format!("ridecast_closes_total{{code=\"{code}\"}}"))
    }

    fn get(&self, path: &str, more: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    }
}

/// The header with a token of somebody's.
pub(crate) fn authorization(name: &str, role: Role) -> String {
    let auth = Auth::new(SECRET).expect("long enough");
    let user = UserId::new(name).expect("a name");
    let token = auth.sign(user, role, Duration::from_hours(1));
    format!("Authorization: Bearer {}\r\n", token.expect("signed"))
}

fn upgrade(name: &str, role: Role, form: Form) -> Vec<u8> {
    let protocol = match form {
        Form::Json => SUBPROTOCOL_JSON,
        Form::Binary => SUBPROTOCOL_BIN,
    };
    let protocol = format!("Sec-WebSocket-Protocol: {protocol}\r\n");
    frame::upgrade("/v1/ws", &(authorization(name, role) + &protocol))
}

fn subscriber(request: Vec<u8>, form: Form, channel: &str) -> Plan {
    let subscribe = format!(r#"{{"type":"subscribe","subscription":"n","channel":{channel}}}"#);
    Plan {
        request,
        after: frame::text(subscribe.as_bytes()),
        ready: Ready::Snapshot,
        meter: match form {
            Form::Json => Meter::Json,
            Form::Binary => Meter::Binary,
        },
    }
}

/// A rider who watches a circle.
pub(crate) fn rider(n: usize, form: Form, (latitude, longitude): Place, radius_m: f64) -> Plan {
    let channel = format!(
        r#"{{"kind":"nearby","latitude":{latitude},"longitude":{longitude},"radius_m":{radius_m}}}"#
    );
    subscriber(
        upgrade(&format!("rider-{n}"), Role::Rider, form),
        form,
        &channel,
    )
}

/// An operator who watches a square, `side_m` long and wide.
pub(crate) fn operator(n: usize, form: Form, (latitude, longitude): Place, side_m: f64) -> Plan {
    let (north, east) = offset(latitude, side_m / 2.0, side_m / 2.0);
    let channel = format!(
        r#"{{"kind":"viewport","south":{},"west":{},"north":{},"east":{}}}"#,
        latitude - north,
        longitude - east,
        latitude + north,
        longitude + east
    );
    subscriber(
        upgrade(&format!("operator-{n}"), Role::Operator, form),
        form,
        &channel,
    )
}

/// Latitude and longitude, degrees.
pub(crate) type Place = (f64, f64);

/// Metres north and east as degrees, at this latitude.
pub(crate) fn offset(latitude: f64, north_m: f64, east_m: f64) -> (f64, f64) {
    /// Of latitude: 2π × 6,371,008.8 m / 360.
    const METRES_PER_DEGREE: f64 = 111_195.08;
    (
        north_m / METRES_PER_DEGREE,
        east_m / METRES_PER_DEGREE / latitude.to_radians().cos(),
    )
}

/// A driver who sends positions.
pub(crate) struct Driver {
    stream: TcpStream,
    place: Place,
    bearing: f64,
    sent_ms: u64,
}

/// 36 km/h.
const SPEED_MPS: f64 = 10.0;

impl Driver {
    /// Connects, is online, and has sent one position.
    pub(crate) fn connect(address: SocketAddr, n: usize, place: Place) -> Self {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("an option");
        let mut said = upgrade(&format!("driver-{n}"), Role::Driver, Form::Json);
        let online = br#"{"type":"go_online","id":1,"vehicle":{"class":"car"}}"#;
        stream.write_all(&said).expect("it reads");
        wait_for(&mut stream, b"\r\n\r\n");
        said = frame::text(online);
        stream.write_all(&said).expect("it reads");
        wait_for(&mut stream, br#"{"type":"ok""#);
        stream.set_nonblocking(true).expect("an option");
        let mut driver = Self {
            stream,
            place,
            bearing: rand::rng().random_range(0.0..360.0),
            sent_ms: 0,
        };
        driver.send();
        driver
    }

    /// Sends the next position, as far on as the time since the last.
    pub(crate) fn send(&mut self) {
        let now = now_us();
        // Positions of one millisecond would be refused: the time is what orders them.
        let at_ms = (now / 1_000).max(self.sent_ms + 1);
        let passed_s = match self.sent_ms {
            0 => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "seconds between two fixes")]
            sent => (at_ms - sent) as f64 / 1_000.0,
        };
        self.sent_ms = at_ms;
        self.bearing = (self.bearing + rand::rng().random_range(-20.0..20.0)).rem_euclid(360.0);
        let (sin, cos) = self.bearing.to_radians().sin_cos();
        let way_m = SPEED_MPS * passed_s;
        let (north, east) = offset(self.place.0, way_m * cos, way_m * sin);
        self.place = (self.place.0 + north, self.place.1 + east);
        let message = format!(
            r#"{{"type":"position","latitude":{:.7},"longitude":{:.7},"timestamp_ms":{at_ms},"accuracy":5.0,"bearing":{:.1},"speed":{SPEED_MPS:.1}}}"#,
            latitude_at(self.place.0, now),
            self.place.1,
            self.bearing,
        );
        // A full buffer is a position that is not sent, as in a tunnel.
        let _ = self.stream.write(&frame::text(message.as_bytes()));
    }

    /// Reads and throws away what the service says: pings, and errors if there are any.
    pub(crate) fn drain(&mut self) -> usize {
        let mut buffer = [0; 4_096];
        let mut errors = 0;
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return errors + 1,
                Ok(read) => errors += memmem::find_iter(&buffer[..read], b"\"error\"").count(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return errors,
                Err(_) => return errors + 1,
            }
        }
    }
}

fn wait_for(stream: &mut TcpStream, what: &[u8]) {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    while memmem::find(&read, what).is_none() {
        let more = stream.read(&mut buffer).expect("an answer");
        assert!(more > 0, "closed: {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&buffer[..more]);
    }
}
