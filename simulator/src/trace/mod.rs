//! Recorded movements of real vehicles.

mod columns;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use columns::{Columns, Row};

/// A file of fixes, in the order of their times.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    vehicles: Vec<TraceVehicle>,
    fixes: Vec<TraceFix>,
}

/// Who was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceVehicle {
    /// The file's own name for it, unique in the trace.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What kind of vehicle it is, a class of the protocol.
    pub class: &'static str,
}

/// One recorded fix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceFix {
    /// Index into [`Trace::vehicles`].
    pub vehicle: usize,
    /// When it was taken, milliseconds since the Unix epoch, UTC.
    pub time_ms: i64,
    /// Degrees north; finite, but else as recorded: what is wrong on Earth is the service's to refuse.
    pub latitude: f64,
    /// Degrees east; likewise.
    pub longitude: f64,
    /// Degrees clockwise from north, where it was recorded.
    pub bearing_deg: Option<f32>,
    /// m/s, where it was recorded.
    pub speed_mps: Option<f32>,
}

/// Why a file is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// It cannot be read.
    #[error("the trace cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// It is no CSV.
    #[error("the trace is not CSV: {0}")]
    Csv(#[from] csv::Error),
    /// Its header is none that is known.
    #[error(
        "the trace's header is none that is known: it needs the columns \
         unix_time, cab, lat, lon (Cabspotting) or BaseDateTime, MMSI, LAT, LON (AIS)"
    )]
    Header,
    /// A field is not what its column says.
    #[error("line {line} of the trace: {column} cannot be {value:?}")]
    Field {
        /// Counted from 1, the header's.
        line: u64,
        /// The column's name in the header.
        column: &'static str,
        /// What stands there.
        value: String,
    },
    /// It has a header and nothing else.
    #[error("the trace holds no fix")]
    Empty,
}

impl Trace {
    /// Reads a `.csv` or `.csv.gz` file of Cabspotting taxis (`unix_time,cab,lat,lon,occupied`)
    /// or of ships as the US coast guard publishes AIS (`BaseDateTime,LON,LAT,MMSI,…`). Which it
    /// is, the header tells.
    ///
    /// # Errors
    /// [`TraceError`] when it cannot be read or a line of it is broken.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let file = BufReader::new(File::open(path)?);
        if path.extension().is_some_and(|extension| extension == "gz") {
            Self::parse(MultiGzDecoder::new(file))
        } else {
            Self::parse(file)
        }
    }

    /// Reads the same from anything that can be read.
    ///
    /// # Errors
    /// [`TraceError`] when it cannot be read or a line of it is broken.
    pub fn parse(input: impl Read) -> Result<Self, TraceError> {
        let mut reader = csv::Reader::from_reader(input);
        let columns = Columns::of(reader.headers()?).ok_or(TraceError::Header)?;
        let mut index = HashMap::new();
        let mut trace = Self {
            vehicles: Vec::new(),
            fixes: Vec::new(),
        };
        for record in reader.records() {
            let record = record?;
            let row = Row::new(&record);
            let name = columns.name(&row)?;
            let vehicle = *index.entry(name.to_owned()).or_insert_with(|| {
                trace.vehicles.push(columns.vehicle(&row, name));
                trace.vehicles.len() - 1
            });
            trace.fixes.push(columns.fix(&row, vehicle)?);
        }
        if trace.fixes.is_empty() {
            return Err(TraceError::Empty);
        }
        // Stable: what the file has twice for one moment stays in the file's order.
        trace.fixes.sort_by_key(|fix| fix.time_ms);
        Ok(trace)
    }

    /// Who was recorded.
    #[must_use]
    pub fn vehicles(&self) -> &[TraceVehicle] {
        &self.vehicles
    }

    /// All fixes, oldest first; at least one.
    #[must_use]
    pub fn fixes(&self) -> &[TraceFix] {
        &self.fixes
    }

    /// The time of the first fix, milliseconds since the Unix epoch.
    pub(crate) fn first_ms(&self) -> i64 {
        self.fixes.first().map_or(0, |fix| fix.time_ms)
    }

    /// The time of the last fix, milliseconds since the Unix epoch.
    pub(crate) fn last_ms(&self) -> i64 {
        self.fixes.last().map_or(0, |fix| fix.time_ms)
    }
}
