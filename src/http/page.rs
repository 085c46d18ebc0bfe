use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::BaseMap;

/// What the page is told when it starts.
#[derive(Debug, Clone, Default)]
pub struct PageConfig {
    /// Lets everybody in who opens the page: only for a demo. `None`: the page asks for a token.
    pub token: Option<String>,
    /// An operator's own map style, instead of the base map of streets.
    pub style: Option<String>,
}

/// What the licence of the streets asks every map to show.
const ATTRIBUTION: &str =
    "© <a href=\"https://www.openstreetmap.org/copyright\">OpenStreetMap contributors</a>";

/// `GET /config.json`.
pub(super) async fn config(
    page: web::ThinData<Arc<PageConfig>>,
    map: web::ThinData<Option<Arc<BaseMap>>>,
) -> HttpResponse {
    let map = map.0.as_ref();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({
            "token": page.token,
            "map": {
                "bounds": map.map(|map| map.bounds),
                "roads": map.map(|_| "/map/roads.geojson"),
                "attribution": ATTRIBUTION,
                "style": page.style,
            },
        }))
}
