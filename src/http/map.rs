use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use ridecast_roads::RoadNetwork;

use super::Error;
use super::zipped::Zipped;

/// The streets that the page draws: the very network that the vehicles drive on.
#[derive(Debug, Clone)]
pub struct BaseMap {
    /// South, west, north, east, degrees.
    pub bounds: [f64; 4],
    geojson: Zipped,
}

impl BaseMap {
    /// Draws a network.
    ///
    /// # Errors
    /// Of the compression; memory is all it needs.
    pub fn of(network: &RoadNetwork) -> std::io::Result<Self> {
        let bounds = network.bounds();
        Ok(Self {
            bounds: [bounds.south, bounds.west, bounds.north, bounds.east],
            geojson: Zipped::of(network.roads_geojson())?,
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
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/geo+json")
        .insert_header((CACHE_CONTROL, "max-age=300"));
    Ok(map.geojson.answer(&request, &mut response))
}
