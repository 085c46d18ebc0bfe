//! REST, server-sent events, health, metrics, the base map and the embedded page.

mod demo;
mod error;
mod events;
#[cfg_attr(not(feature = "page"), path = "no_files.rs")]
mod files;
mod health;
mod history;
mod identity;
mod map;
mod origin;
mod page;
mod positions;
mod revocations;
mod rides;
mod route;
mod search;
mod share;
mod sse;
mod tickets;
mod track;
mod vehicles;
mod webhooks;
mod zipped;

use std::sync::Arc;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use actix_web::middleware::{Condition, DefaultHeaders, from_fn};
use actix_web::web;

pub use error::Error;
pub use health::Health;
pub use identity::{Administrator, Caller};
pub use map::BaseMap;
pub use origin::{InvalidOrigin, Origin, Origins};
pub use page::{DemoPeople, PageConfig};
pub use route::RouteLimit;
pub use vehicles::Queries;

/// The routes; what the handlers need is given to the application beforehand. Bodies of more than
/// `most_body_bytes` are refused.
pub fn routes(config: &mut web::ServiceConfig, origins: &Arc<Origins>, most_body_bytes: usize) {
    config
        .app_data(web::ThinData(Arc::clone(origins)))
        .app_data(
            web::JsonConfig::default()
                .limit(most_body_bytes)
                .error_handler(error::json),
        )
        .app_data(web::QueryConfig::default().error_handler(error::query))
        .service(
            web::scope("/v1")
                .route("/ws", web::get().to(crate::ws::open))
                .route("/vehicles", web::get().to(vehicles::nearby))
                .route("/estimate", web::get().to(route::estimate))
                .route("/vehicles/{id}", web::get().to(search::card))
                .route("/vehicles/{id}/trail", web::get().to(history::trail))
                .route("/history", web::get().to(history::window))
                .route("/search", web::get().to(search::search))
                .route("/positions", web::post().to(positions::report))
                .route("/tickets", web::post().to(tickets::issue))
                .route("/webhooks/dead", web::get().to(webhooks::dead))
                .route("/webhooks/dead/{id}", web::post().to(webhooks::send_again))
                .route("/events", web::get().to(events::inbox))
                .route("/rides", web::get().to(rides::list))
                .route("/rides/counts", web::get().to(rides::counts))
                .route("/rides/{ride_id}", web::get().to(rides::one))
                .route("/rides/{ride_id}/track", web::get().to(track::track))
                .route("/rides/{ride_id}/route", web::get().to(route::of_ride))
                .route("/rides/{ride_id}/chat", web::get().to(rides::chat))
                .route("/rides/{ride_id}/share", web::post().to(share::share))
                .route(
                    "/rides/{ride_id}/share/{token}",
                    web::delete().to(share::unshare),
                )
                .route("/share/{token}", web::get().to(share::shared))
                .route("/share/{token}/route", web::get().to(route::of_link))
                .route("/share/{token}/events", web::get().to(share::events))
                .route("/admin/revocations", web::get().to(revocations::list))
                .route("/admin/revocations", web::post().to(revocations::revoke))
                .default_service(web::to(error::not_found))
                // What is somebody's own is in no cache.
                .wrap(DefaultHeaders::new().add((CACHE_CONTROL, "no-store")))
                // Where no other page may ask, none needs leave.
                .wrap(Condition::new(!origins.0.is_empty(), origin::cors(origins)))
                .wrap(from_fn(origin::refuse_strangers)),
        )
        .route("/healthz", web::get().to(health::alive))
        .route("/readyz", web::get().to(health::ready))
        .route("/metrics", web::get().to(health::metrics))
        .service(
            web::scope("/demo")
                .route("/token", web::post().to(demo::token))
                .default_service(web::to(error::not_found))
                .wrap(from_fn(origin::refuse_strangers)),
        )
        .route("/config.json", web::get().to(page::config))
        .route("/map/roads.geojson", web::get().to(map::roads))
        .default_service(web::get().to(files::file));
    #[cfg(feature = "conformance")]
    config.configure(crate::ws::conformance);
}

/// What every answer says to a browser, unless it says something else: it is no page, is nobody
/// else's to embed, and is what it says it is.
#[must_use]
pub fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((REFERRER_POLICY, "no-referrer"))
        .add((X_FRAME_OPTIONS, "DENY"))
        .add((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .add(("cross-origin-resource-policy", "same-origin"))
        .add(("cross-origin-opener-policy", "same-origin"))
}
