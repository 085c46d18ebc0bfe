use std::io::Write as _;
use std::sync::Arc;

use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, VARY};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use ridecast_roads::RoadNetwork;

use super::Error;

/// The streets that the page draws: the very network that the vehicles drive on.
#[derive(Debug, Clone)]
pub struct BaseMap {
    /// South, west, north, east, degrees.
    pub bounds: [f64; 4],
    geojson: Bytes,
    /// Made once: compressing two megabytes for each visitor would be a gift to who means harm.
    gzip: Bytes,
}

impl BaseMap {
    /// Draws a network.
    ///
    /// # Errors
    /// Of the compression; memory is all it needs.
    pub fn of(network: &RoadNetwork) -> std::io::Result<Self> {
        let geojson = network.roads_geojson();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(geojson.as_bytes())?;
        let bounds = network.bounds();
        Ok(Self {
            bounds: [bounds.south, bounds.west, bounds.north, bounds.east],
            geojson: geojson.into(),
            gzip: gzip.finish()?.into(),
        })
    }
}

/// `GET /map/roads.geojson`.
pub(super) async fn roads(
    request: HttpRequest,
    map: web::ThinData<Option<Arc<BaseMap>>>,
) -> Result<HttpResponse, Error> {
    let Some(map) = &map.0 else {
        return super::error::not_found().await;
    };
    let accepts = request
        .headers()
        .get(ACCEPT_ENCODING)
        .and_then(|header| header.to_str().ok());
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/geo+json")
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .insert_header((VARY, "accept-encoding"));
    Ok(if accepts.is_some_and(|accepts| accepts.contains("gzip")) {
        response
            .insert_header((CONTENT_ENCODING, "gzip"))
            .body(map.gzip.clone())
    } else {
        response.body(map.geojson.clone())
    })
}
