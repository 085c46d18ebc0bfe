use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::breaker::Breaker;
use super::source::{OFF_THE_MAP_M, Source};
use super::{By, RoutingError, Settings, SourceError, Way};
use crate::spatial::LatLon;

/// Requests at the same time. OSRM answers in a millisecond or two; more of them mean that it
/// does not keep up.
const AT_ONCE: usize = 32;

/// OSRM's own limit is 100 places in a table, the goal among them.
const PLACES: usize = 99;

/// An answer has some 300 bytes for each place.
const LARGEST_ANSWER: usize = 256 * 1024;

/// osrm-routed closes a connection that was idle for 5 s; ours are gone before.
const IDLE: Duration = Duration::from_secs(4);

/// An OSRM server, asked by its [table service](https://project-osrm.org/docs/v5.24.0/api/#table-service).
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

    async fn table(&self, from: &[LatLon], to: LatLon) -> Result<Vec<Option<Way>>, SourceError> {
        let Ok(_permit) = self.at_once.try_acquire() else {
            return Err(SourceError::Busy);
        };
        let asked = Instant::now();
        if !self.breaker.lets_through(asked) {
            return Err(SourceError::Resting);
        }
        let answer = self.ask(from, to).await;
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

    async fn ask(&self, from: &[LatLon], to: LatLon) -> Result<Vec<Option<Way>>, SourceError> {
        let response = self.client.get(self.url(from, to)).send().await;
        let response = response.map_err(unreachable)?;
        // What OSRM refuses comes with 400, and says why.
        let status = response.status();
        if status != StatusCode::OK && status != StatusCode::BAD_REQUEST {
            return Err(SourceError::Status(status.as_u16()));
        }
        read(&body(response).await?, from.len())
    }

    fn url(&self, from: &[LatLon], to: LatLon) -> String {
        let places: Vec<String> = from
            .iter()
            .chain([&to])
            .map(|place| format!("{:.6},{:.6}", place.longitude(), place.latitude()))
            .collect();
        let sources: Vec<String> = (0..from.len()).map(|n| n.to_string()).collect();
        format!(
            "{}/table/v1/driving/{}?sources={}&destinations={}&annotations=duration,distance&generate_hints=false",
            self.base,
            places.join(";"),
            sources.join(";"),
            from.len()
        )
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
            ways.extend(self.table(from, to).await?);
        }
        Ok(ways)
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

/// What we read of a table. Rows are places we come from, columns (here one) goals.
#[derive(Deserialize)]
struct Table {
    code: String,
    #[serde(default)]
    durations: Vec<Vec<Option<f64>>>,
    #[serde(default)]
    distances: Vec<Vec<Option<f64>>>,
    #[serde(default)]
    sources: Vec<Option<Waypoint>>,
    #[serde(default)]
    destinations: Vec<Option<Waypoint>>,
}

/// Where OSRM put a place on its roads.
#[derive(Deserialize)]
struct Waypoint {
    /// Metres between the two. OSRM takes the nearest road of its map, be it a country away.
    distance: f64,
}

fn read(body: &[u8], count: usize) -> Result<Vec<Option<Way>>, SourceError> {
    let table: Table =
        serde_json::from_slice(body).map_err(|_| SourceError::Garbage("not a table"))?;
    if table.code != "Ok" {
        let code = table.code.chars().filter(char::is_ascii_alphanumeric);
        return Err(SourceError::Refused(code.take(40).collect()));
    }
    let right = [&table.durations, &table.distances]
        .iter()
        .all(|rows| rows.len() == count && rows.iter().all(|row| row.len() == 1));
    if !right || table.sources.len() != count || table.destinations.len() != 1 {
        return Err(SourceError::Garbage("not the table that was asked for"));
    }
    let on_map = |place: &Option<Waypoint>| {
        place
            .as_ref()
            .is_some_and(|place| place.distance <= OFF_THE_MAP_M)
    };
    if !on_map(&table.destinations[0]) {
        return Ok(vec![None; count]);
    }
    let numbers = table.durations.iter().zip(&table.distances);
    numbers
        .zip(&table.sources)
        .map(
            |((duration, distance), place)| match (duration[0], distance[0]) {
                (Some(duration_s), Some(distance_m)) if on_map(place) => {
                    if duration_s.is_finite()
                        && distance_m.is_finite()
                        && duration_s >= 0.0
                        && distance_m >= 0.0
                    {
                        Ok(Some(Way {
                            duration_s,
                            distance_m,
                            by: By::Osrm,
                        }))
                    } else {
                        Err(SourceError::Garbage("less than nothing"))
                    }
                }
                // No way leads there, or it is off the map.
                _ => Ok(None),
            },
        )
        .collect()
}
