//! Where a file has what.

use chrono::NaiveDateTime;
use csv::StringRecord;

use super::{TraceError, TraceFix, TraceVehicle};

const METRES_PER_SECOND_PER_KNOT: f32 = 1_852.0 / 3_600.0;
/// Below this a ship's course over ground is chance, knots.
const UNDER_WAY_KNOTS: f32 = 0.5;

pub(super) enum Columns {
    Cabspotting {
        unix_time: usize,
        cab: usize,
        lat: usize,
        lon: usize,
    },
    Ais {
        time: usize,
        mmsi: usize,
        lat: usize,
        lon: usize,
        speed: Option<usize>,
        course: Option<usize>,
        name: Option<usize>,
    },
}

impl Columns {
    pub(super) fn of(header: &StringRecord) -> Option<Self> {
        let at = |name: &str| header.iter().position(|column| column.trim() == name);
        let cabspotting = || {
            Some(Self::Cabspotting {
                unix_time: at("unix_time")?,
                cab: at("cab")?,
                lat: at("lat")?,
                lon: at("lon")?,
            })
        };
        let ais = || {
            Some(Self::Ais {
                time: at("BaseDateTime")?,
                mmsi: at("MMSI")?,
                lat: at("LAT")?,
                lon: at("LON")?,
                speed: at("SOG"),
                course: at("COG"),
                name: at("VesselName"),
            })
        };
        cabspotting().or_else(ais)
    }

    pub(super) fn name<'a>(&self, row: &Row<'a>) -> Result<&'a str, TraceError> {
        let (column, at) = match *self {
            Self::Cabspotting { cab, .. } => ("cab", cab),
            Self::Ais { mmsi, .. } => ("MMSI", mmsi),
        };
        let name = row.text(at);
        // It becomes part of an id, which has at most 128 bytes.
        if name.is_empty() || name.len() > 24 || name.chars().any(char::is_control) {
            return Err(row.broken(column, name));
        }
        Ok(name)
    }

    pub(super) fn vehicle(&self, row: &Row<'_>, name: &str) -> TraceVehicle {
        let (label, class) = match *self {
            Self::Cabspotting { .. } => (name, "car"),
            Self::Ais { name: label, .. } => (label.map_or("", |at| row.text(at)), "boat"),
        };
        let label = if label.is_empty() { name } else { label };
        TraceVehicle {
            name: name.to_owned(),
            label: label.chars().take(16).collect(),
            class,
        }
    }

    pub(super) fn fix(&self, row: &Row<'_>, vehicle: usize) -> Result<TraceFix, TraceError> {
        match *self {
            Self::Cabspotting {
                unix_time,
                lat,
                lon,
                ..
            } => Ok(TraceFix {
                vehicle,
                time_ms: row.unix_time_ms("unix_time", unix_time)?,
                latitude: row.degrees("lat", lat)?,
                longitude: row.degrees("lon", lon)?,
                bearing_deg: None,
                speed_mps: None,
            }),
            Self::Ais {
                time,
                lat,
                lon,
                speed,
                course,
                ..
            } => {
                let knots = row.optional("SOG", speed)?.filter(|knots| {
                    // 102.3 stands for "not available".
                    (0.0..102.2).contains(knots)
                });
                let course = row.optional("COG", course)?.and_then(true_course);
                Ok(TraceFix {
                    vehicle,
                    time_ms: row.date_time_ms("BaseDateTime", time)?,
                    latitude: row.degrees("LAT", lat)?,
                    longitude: row.degrees("LON", lon)?,
                    bearing_deg: course
                        .filter(|_| knots.is_some_and(|knots| knots >= UNDER_WAY_KNOTS)),
                    speed_mps: knots.map(|knots| knots * METRES_PER_SECOND_PER_KNOT),
                })
            }
        }
    }
}

/// These files hold the 12-bit field of the radio message as a signed number of
/// tenths of a degree: what is negative lacks 2^12 tenths; 360 is "not available".
fn true_course(degrees: f32) -> Option<f32> {
    let degrees = if degrees < 0.0 {
        degrees + 409.6
    } else {
        degrees
    };
    (0.0..360.0).contains(&degrees).then_some(degrees)
}

/// A line that can tell which line it is.
pub(super) struct Row<'a>(&'a StringRecord);

impl<'a> Row<'a> {
    pub(super) fn new(record: &'a StringRecord) -> Self {
        Self(record)
    }

    fn text(&self, at: usize) -> &'a str {
        self.0.get(at).unwrap_or("").trim()
    }

    fn broken(&self, column: &'static str, value: &str) -> TraceError {
        TraceError::Field {
            line: self.0.position().map_or(0, csv::Position::line),
            column,
            value: value.to_owned(),
        }
    }

    fn unix_time_ms(&self, column: &'static str, at: usize) -> Result<i64, TraceError> {
        let text = self.text(at);
        let seconds: Option<i64> = text.parse().ok();
        seconds
            .and_then(|seconds| seconds.checked_mul(1_000))
            .ok_or_else(|| self.broken(column, text))
    }

    fn date_time_ms(&self, column: &'static str, at: usize) -> Result<i64, TraceError> {
        let text = self.text(at);
        NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S")
            .map(|time| time.and_utc().timestamp_millis())
            .map_err(|_| self.broken(column, text))
    }

    fn degrees(&self, column: &'static str, at: usize) -> Result<f64, TraceError> {
        let text = self.text(at);
        let degrees: Option<f64> = text.parse().ok();
        // JSON has no word for infinity, so such a fix could not even be sent.
        degrees
            .filter(|degrees| degrees.is_finite())
            .ok_or_else(|| self.broken(column, text))
    }

    fn optional(&self, column: &'static str, at: Option<usize>) -> Result<Option<f32>, TraceError> {
        let text = at.map_or("", |at| self.text(at));
        if text.is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|_| self.broken(column, text))
    }
}
