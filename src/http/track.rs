use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use actix_web::http::header::{ACCEPT, VARY};
use actix_web::{HttpRequest, HttpResponse, web};
use ridecast_protocol::Ride;
use serde::Deserialize;
use serde_json::{Value, json};

use super::rides::named;
use super::{Caller, Error};
use crate::driver::Garage;
use crate::rides::Track;

const GEOJSON: &str = "application/geo+json";
const GPX: &str = "application/gpx+xml";

/// The query of `GET /v1/rides/{ride_id}/track`.
#[derive(Debug, Deserialize)]
pub(super) struct Query {
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Geojson,
    Gpx,
}

/// `GET /v1/rides/{ride_id}/track`: where the vehicle was, as GeoJSON (RFC 7946) or GPX 1.1.
pub(super) async fn track(
    caller: Caller,
    request: HttpRequest,
    id: web::Path<String>,
    query: web::Query<Query>,
    garage: web::ThinData<Garage>,
) -> Result<HttpResponse, Error> {
    let id = named(&id)?;
    let ride = garage.rides.see(&caller.0, &id).await?;
    let track = garage.rides.track(&caller.0, &id).await?;
    let accepts = request.headers().get(ACCEPT);
    let accepts_gpx = accepts
        .and_then(|accepts| accepts.to_str().ok())
        .is_some_and(|accepts| accepts.contains(GPX));
    let mut response = HttpResponse::Ok();
    response.insert_header((VARY, "accept"));
    Ok(match query.format {
        Some(Format::Gpx) => response.content_type(GPX).body(gpx(&ride, &track)),
        None if accepts_gpx => response.content_type(GPX).body(gpx(&ride, &track)),
        Some(Format::Geojson) | None => response
            .content_type(GEOJSON)
            .body(geojson(&ride, &track).to_string()),
    })
}

/// A line needs two places (RFC 7946, section 3.1.4): before there are two, there is no geometry.
fn geojson(ride: &Ride, track: &Track) -> Value {
    let Track(marks) = track;
    // Longitude first.
    let line: Vec<_> = marks.iter().map(|mark| [mark.1, mark.0]).collect();
    let times_ms: Vec<_> = marks.iter().map(|mark| mark.2).collect();
    let geometry = (line.len() > 1).then(|| json!({"type": "LineString", "coordinates": line}));
    json!({
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "ride_id": ride.ride_id,
            "state": ride.state,
            "distance_m": track.length_m().round(),
            "times_ms": times_ms,
        },
    })
}

/// Nothing in it but numbers is from outside, apart from the ride's name.
fn gpx(ride: &Ride, track: &Track) -> String {
    let name = escaped(ride.ride_id.as_str());
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <gpx version=\"1.1\" creator=\"ridecast\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n\
         <trk><name>{name}</name><trkseg>\n"
    );
    for mark in &track.0 {
        // To 7 decimals, about 1 cm; never as 1e-7, which a GPX reader need not understand.
        let _ = write!(out, "<trkpt lat=\"{:.7}\" lon=\"{:.7}\">", mark.0, mark.1);
        let since = Duration::from_millis(u64::try_from(mark.2).unwrap_or(0));
        if let Some(time) = UNIX_EPOCH.checked_add(since) {
            let time = humantime::format_rfc3339_millis(time);
            let _ = write!(out, "<time>{time}</time>");
        }
        out.push_str("</trkpt>\n");
    }
    out.push_str("</trkseg></trk>\n</gpx>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
