//! ridecast under measurement, its riders and its drivers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use ridecast::auth::Auth;
use ridecast_protocol::{CloseCode, Role, SUBPROTOCOL_BIN, SUBPROTOCOL_JSON, UserId};

use crate::crowd::{Plan, Ready};
use crate::driver::Vehicle;
use crate::frame;
use crate::meter::Meter;
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
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// On the store of this URL, with its defaults otherwise.
    pub(crate) fn start(store: &str) -> Self {
        Self::start_with(store, &[])
    }

    /// Also with these flags.
    pub(crate) fn start_with(store: &str, flags: &[&str]) -> Self {
        let (process, address) = Process::start_telling(
            Command::new(env!("CARGO_BIN_EXE_ridecast"))
                .args(["serve", "--bind", "127.0.0.1:0", "--store", store])
                .args(["--auth-secret", SECRET, "--max-sessions", "40000"])
                .args(flags)
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

    /// How many positions it has accepted.
    pub(crate) fn accepted(&self) -> f64 {
        self.metric("ridecast_positions_accepted_total")
    }

    /// How many sessions it has closed with this code.
    pub(crate) fn closes(&self, code: CloseCode) -> f64 {
        let code = code.number();
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

/// The request that opens somebody's WebSocket.
pub(crate) fn upgrade(name: &str, role: Role, form: Form) -> Vec<u8> {
    let protocol = match form {
        Form::Json => SUBPROTOCOL_JSON,
        Form::Binary => SUBPROTOCOL_BIN,
    };
    let protocol = format!("Sec-WebSocket-Protocol: {protocol}\r\n");
    frame::upgrade("/v1/ws", &(authorization(name, role) + &protocol))
}

/// `channel`: the fields that say what to watch, and how often to be told.
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
pub(crate) fn rider(n: usize, form: Form, place: Place, radius_m: f64) -> Plan {
    watching(n, form, &nearby(place, radius_m))
}

/// A rider who watches a circle and wants to be told of it only so often.
pub(crate) fn patient_rider(
    n: usize,
    form: Form,
    place: Place,
    radius_m: f64,
    max_rate_hz: f64,
) -> Plan {
    let circle = nearby(place, radius_m);
    watching(n, form, &format!(r#"{circle},"max_rate_hz":{max_rate_hz}"#))
}

fn watching(n: usize, form: Form, channel: &str) -> Plan {
    let request = upgrade(&format!("rider-{n}"), Role::Rider, form);
    subscriber(request, form, channel)
}

fn nearby((latitude, longitude): Place, radius_m: f64) -> String {
    format!(
        r#"{{"kind":"nearby","latitude":{latitude},"longitude":{longitude},"radius_m":{radius_m}}}"#
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

/// What a driver says first.
pub(crate) const GO_ONLINE: &str = r#"{"type":"go_online","id":1,"vehicle":{"class":"car"}}"#;

/// A driver who is online, and says nothing more.
pub(crate) fn waiting_driver(n: usize) -> Plan {
    Plan {
        request: upgrade(&format!("driver-{n}"), Role::Driver, Form::Json),
        after: frame::text(GO_ONLINE.as_bytes()),
        ready: Ready::Bytes(br#"{"type":"ok""#),
        meter: Meter::Json,
    }
}

/// A driver who is online and sends one position.
pub(crate) fn seen_driver(n: usize, place: Place) -> Plan {
    let position = Vehicle::at(place).position();
    let message = format!(r#"{{"type":"position","id":2,{position}}}"#);
    let mut plan = waiting_driver(n);
    plan.after.extend(frame::text(message.as_bytes()));
    plan.ready = Ready::Bytes(br#""accepted":1"#);
    plan
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
