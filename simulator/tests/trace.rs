//! Reading recorded traces, whole and broken.

use std::io::Write;
use std::path::Path;

use ridecast_simulator::{Trace, TraceError};

fn data(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(file)
}

fn parse(text: &str) -> Result<Trace, TraceError> {
    Trace::parse(text.as_bytes())
}

#[test]
fn taxis_are_read_with_every_fix_in_time_order() {
    let trace = Trace::read(&data("cabs.csv")).unwrap();
    let names: Vec<_> = trace.vehicles().iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["abnab", "okdor"]);
    assert_eq!(trace.vehicles()[0].class, "car");
    assert_eq!(trace.fixes().len(), 8, "the duplicate too");
    assert!(trace.fixes().is_sorted_by_key(|fix| fix.time_ms));
    let first = trace.fixes()[0];
    assert_eq!(first.time_ms, 1_212_796_800_000);
    assert!((first.latitude - 60.1698).abs() < 1e-9 && (first.longitude - 24.938).abs() < 1e-9);
    assert_eq!((first.speed_mps, first.bearing_deg), (None, None));
}

#[test]
fn a_gzipped_file_reads_like_the_plain_one() {
    let file = tempfile::Builder::new()
        .suffix(".csv.gz")
        .tempfile()
        .unwrap();
    let mut gz = flate2::write::GzEncoder::new(file.as_file(), flate2::Compression::fast());
    gz.write_all(&std::fs::read(data("cabs.csv")).unwrap())
        .unwrap();
    gz.finish().unwrap();
    let plain = Trace::read(&data("cabs.csv")).unwrap();
    assert_eq!(Trace::read(file.path()).unwrap(), plain);
}

#[test]
fn ships_are_known_by_their_header_and_sorted_by_time() {
    let trace = Trace::read(&data("ships.csv")).unwrap();
    let ships: Vec<_> = trace.vehicles().iter().map(|v| v.name.as_str()).collect();
    assert_eq!(ships, ["100000001", "100000002"]);
    assert_eq!(trace.vehicles()[0].label, "MOORED ONE");
    assert_eq!(trace.vehicles()[0].class, "boat");
    let [under_way, moored, unknown] = trace.fixes() else {
        panic!("three fixes were expected");
    };
    assert_eq!(under_way.time_ms, 1_593_475_200_000, "2020-06-30T00:00:00Z");
    assert!((under_way.speed_mps.unwrap() - 9.774).abs() < 0.01, "19 kn");
    let course = under_way.bearing_deg.unwrap();
    assert!((course - 347.8).abs() < 0.1, "-61.8 lacks 409.6");
    assert_eq!(moored.speed_mps, Some(0.0));
    assert_eq!(moored.bearing_deg, None, "no course without way");
    assert_eq!((unknown.speed_mps, unknown.bearing_deg), (None, None));
}

#[test]
fn a_broken_line_is_named() {
    let good = "unix_time,cab,lat,lon,occupied\n1212796800,a,37.7,-122.4,0\n";
    assert!(parse(good).is_ok());
    for (line, column) in [
        ("soon,a,37.7,-122.4,0", "unix_time"),
        ("9223372036854775807,a,37.7,-122.4,0", "unix_time"),
        ("1212796801,,37.7,-122.4,0", "cab"),
        ("1212796801,a,north,-122.4,0", "lat"),
        ("1212796801,a,NaN,-122.4,0", "lat"),
        ("1212796801,a,37.7,inf,0", "lon"),
    ] {
        match parse(&format!("{good}{line}\n")) {
            Err(TraceError::Field {
                line: 3, column: c, ..
            }) if c == column => {}
            other => panic!("{line}: {other:?}"),
        }
    }
    let short = parse(&format!("{good}1212796801,a\n"));
    assert!(matches!(short, Err(TraceError::Csv(_))), "{short:?}");
}

#[test]
fn what_is_no_trace_is_an_error() {
    assert!(matches!(parse(""), Err(TraceError::Header)));
    assert!(matches!(parse("a,b\n1,2\n"), Err(TraceError::Header)));
    let header = "unix_time,cab,lat,lon,occupied\n";
    assert!(matches!(parse(header), Err(TraceError::Empty)));
    let nowhere = Trace::read(&data("no-such-file.csv"));
    assert!(matches!(nowhere, Err(TraceError::Read(_))));
    let not_gzip = tempfile::Builder::new()
        .suffix(".csv.gz")
        .tempfile()
        .unwrap();
    std::fs::write(not_gzip.path(), "unix_time,cab,lat,lon\n").unwrap();
    assert!(Trace::read(not_gzip.path()).is_err());
}

/// What lies nowhere on Earth is the service's to refuse: it is sent.
#[test]
fn a_fix_off_the_earth_is_kept() {
    let trace = parse("unix_time,cab,lat,lon\n1212796800,a,137.7,-122.4\n").unwrap();
    assert!((trace.fixes()[0].latitude - 137.7).abs() < 1e-9);
}
