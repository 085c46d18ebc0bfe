mod route;
mod table;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::breaker::Breaker;
use super::source::{OFF_THE_MAP_M, Source};
use super::{By, Route, RoutingError, Settings, SourceError, Way};
use crate::spatial::LatLon;

/// Requests at the same time. OSRM answers in a millisecond or two; more of them mean that it
/// does not keep up.
const AT_ONCE: usize = 32;

/// OSRM's own limit is 100 places in a table, the goal among them.
const PLACES: usize = 99;

/// A table has some 300 bytes for each place, a line some 25; see [`route::WHOLE_UP_TO_M`].
const LARGEST_ANSWER: usize = 1024 * 1024;

/// osrm-routed closes a connection that was idle for 5 s; ours are gone before.
const IDLE: Duration = Duration::from_secs(4);

/// An OSRM server, asked by its [table service](https://project-osrm.org/docs/v5.24.0/api/#table-service),
/// and for lines by its route service.
pub(super) struct Osrm {
    client: Client,
    /// Without a slash at its end.
    base: String,
    at_once: Semaphore,
    breaker: Breaker,
}

impl Osrm {
    /// # Errors
    /// When the address is not one, or no client can be made.
    pub(super) fn open(url: &str, settings: &Settings) -> Result<Self, RoutingError> {
        let url = Url::parse(url).map_err(|_| RoutingError::OsrmUrl)?;
        let is_base = url.query().is_none() && url.fragment().is_none() && url.has_host();
        if !(is_base && matches!(url.scheme(), "http" | "https")) {
            return Err(RoutingError::OsrmUrl);
        }
        // Of two in one process the first stays, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .timeout(settings.osrm_timeout)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none());
        if url.scheme() == "http" {
            // Else the client would insist on certificate authorities, which a small container
            // image has none of.
            client = client.tls_certs_only([]);
        }
        Ok(Self {
            client: client.build()?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            at_once: Semaphore::new(AT_ONCE),
            breaker: Breaker::new(settings.osrm_first_rest, settings.osrm_longest_rest),
        })
    }

    /// Asks once, if it is not left alone, and reads the answer.
    async fn ask<T>(
        &self,
        path: &str,
        read: impl Fn(&[u8]) -> Result<T, SourceError> + Send,
    ) -> Result<T, SourceError> {
        let Ok(_permit) = self.at_once.try_acquire() else {
            return Err(SourceError::Busy);
        };
        let asked = Instant::now();
        if !self.breaker.lets_through(asked) {
            return Err(SourceError::Resting);
        }
        let answer = self.get(path).await.and_then(|body| read(&body));
        match &answer {
            Ok(_) | Err(SourceError::Refused(_)) => {
                if self.breaker.succeeded() {
                    tracing::info!("OSRM is back");
                }
            }
            Err(error) => {
                if let Some(rest) = self.breaker.failed(asked, Instant::now()) {
                    tracing::warn!(%error, ?rest, "OSRM fails; ways come from elsewhere until it is back");
                }
            }
        }
        answer
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let url = format!("{}{path}", self.base);
        let response = self.client.get(url).send().await;
        let response = response.map_err(unreachable)?;
        // What OSRM refuses comes with 400, and says why.
        let status = response.status();
        if status != StatusCode::OK && status != StatusCode::BAD_REQUEST {
            return Err(SourceError::Status(status.as_u16()));
        }
        body(response).await
    }
}

#[async_trait]
impl Source for Osrm {
    fn by(&self) -> By {
        By::Osrm
    }

    async fn ways(&self, from: &[LatLon], to: LatLon) -> Result<Vec<Option<Way>>, SourceError> {
        let mut ways = Vec::with_capacity(from.len());
        for from in from.chunks(PLACES) {
            let read = |body: &[u8]| table::read(body, from.len());
            ways.extend(self.ask(&table::path(from, to), read).await?);
        }
        Ok(ways)
    }

    async fn route(&self, from: LatLon, to: LatLon) -> Result<Option<Route>, SourceError> {
        self.ask(&route::path(from, to), route::read).await
    }
}

/// What failed, without the address: that has people's places in it.
fn unreachable(error: reqwest::Error) -> SourceError {
    let what = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    };
    let error = error.without_url();
    SourceError::Unreachable(format!("{what} ({error})"))
}

async fn body(mut response: Response) -> Result<Vec<u8>, SourceError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(SourceError::Garbage("it is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Places as they stand in an address.
fn listed<'a>(places: impl IntoIterator<Item = &'a LatLon>) -> String {
    let places = places.into_iter();
    let places: Vec<_> = places
        .map(|place| format!("{:.6},{:.6}", place.longitude(), place.latitude()))
        .collect();
    places.join(";")
}

/// What it refuses, in its own word.
fn refused(code: &str) -> SourceError {
    let code = code.chars().filter(char::is_ascii_alphanumeric);
    SourceError::Refused(code.take(40).collect())
}

/// Where OSRM put a place on its roads.
#[derive(Deserialize)]
struct Waypoint {
    /// Metres between the two. OSRM takes the nearest road of its map, be it a country away.
    distance: f64,
}

impl Waypoint {
    fn is_on_map(&self) -> bool {
        self.distance <= OFF_THE_MAP_M
    }
}

/// A way by these numbers, which must be some.
fn way(duration_s: f64, distance_m: f64) -> Result<Way, SourceError> {
    let sound = |number: f64| number.is_finite() && number >= 0.0;
    if !(sound(duration_s) && sound(distance_m)) {
        return Err(SourceError::Garbage("less than nothing"));
    }
    Ok(Way {
        duration_s,
        distance_m,
        by: By::Osrm,
    })
}
