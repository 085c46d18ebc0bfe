//! Drivers, and how they drive.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use memchr::memmem;
use rand::Rng as _;
use ridecast_protocol::Role;

use crate::frame;
use crate::meter::{latitude_at, now_us};
use crate::ridecast::{Form, GO_ONLINE, Place, offset, upgrade};

/// 36 km/h.
const SPEED_MPS: f64 = 10.0;

/// A vehicle that drives about at random.
pub(crate) struct Vehicle {
    place: Place,
    bearing: f64,
    sent_ms: u64,
}

impl Vehicle {
    pub(crate) fn at(place: Place) -> Self {
        Self {
            place,
            bearing: rand::rng().random_range(0.0..360.0),
            sent_ms: 0,
        }
    }

    /// The next position, as far on as the time since the last: the fields of a JSON object.
    pub(crate) fn position(&mut self) -> String {
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
        format!(
            r#""latitude":{:.7},"longitude":{:.7},"timestamp_ms":{at_ms},"accuracy":5.0,"bearing":{:.1},"speed":{SPEED_MPS:.1}"#,
            latitude_at(self.place.0, now),
            self.place.1,
            self.bearing,
        )
    }
}

/// A driver who sends positions over a WebSocket.
pub(crate) struct Driver {
    stream: TcpStream,
    vehicle: Vehicle,
    /// Each position is answered, which has to be read.
    answered: bool,
}

impl Driver {
    /// Connects, is online, and has sent one position.
    pub(crate) fn connect(address: SocketAddr, n: usize, place: Place) -> Self {
        let request = upgrade(&format!("driver-{n}"), Role::Driver, Form::Json);
        let mut driver = Self::open(address, &request, place);
        let online = frame::text(GO_ONLINE.as_bytes());
        driver.stream.write_all(&online).expect("it reads");
        frame::wait_for(&mut driver.stream, br#"{"type":"ok""#);
        driver.begin()
    }

    /// Connects to a peer, and has sent one position.
    pub(crate) fn connect_to_peer(address: SocketAddr, place: Place) -> Self {
        let mut driver = Self::open(address, &frame::upgrade("/ingest", ""), place);
        driver.answered = true;
        driver.begin()
    }

    fn open(address: SocketAddr, request: &[u8], place: Place) -> Self {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("an option");
        stream.write_all(request).expect("it reads");
        frame::wait_for(&mut stream, b"\r\n\r\n");
        Self {
            stream,
            vehicle: Vehicle::at(place),
            answered: false,
        }
    }

    fn begin(mut self) -> Self {
        self.stream.set_nonblocking(true).expect("an option");
        self.send();
        self
    }

    /// Sends the next position.
    pub(crate) fn send(&mut self) {
        if self.answered {
            self.drain();
        }
        let message = format!(r#"{{"type":"position",{}}}"#, self.vehicle.position());
        // A full buffer is a position that is not sent, as in a tunnel.
        let _ = self.stream.write(&frame::text(message.as_bytes()));
    }

    /// Reads and throws away what the server says: pings and answers, and errors if there are
    /// any. How many errors there were.
    pub(crate) fn drain(&mut self) -> usize {
        let mut buffer = [0; 4_096];
        let mut errors = 0;
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return errors + 1,
                Ok(read) => {
                    errors += memmem::find_iter(&buffer[..read], b"\"error\"").count();
                    // One more read would only say that there is nothing.
                    if read < buffer.len() {
                        return errors;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return errors,
                Err(_) => return errors + 1,
            }
        }
    }
}
