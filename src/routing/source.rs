use async_trait::async_trait;

use super::By;
use crate::spatial::LatLon;

/// The fastest way from one place to another, by car.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// Seconds, finite and at least 0.
    pub duration_s: f64,
    /// Metres by road, finite and at least 0.
    pub distance_m: f64,
    /// Who said so.
    pub by: By,
}

/// A way, and the line to draw it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// How far and how long.
    pub way: Way,
    /// From the road nearest to the start to the one nearest to the goal; by the great circle from
    /// the one to the other. At least two places, which may be the same.
    pub line: Vec<LatLon>,
}

/// Places farther than this from any road that a source knows are not on its map, metres.
pub(super) const OFF_THE_MAP_M: f64 = 500.0;

/// Why a source has no answer at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It failed lately and is left alone for a while.
    #[error("it rests after a failure")]
    Resting,
    /// Too much is asked of it at once.
    #[error("too many requests at once")]
    Busy,
    /// It did not answer in time, or not at all.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// It answered with an HTTP error.
    #[error("HTTP status {0}")]
    Status(u16),
    /// It understood, and refused.
    #[error("refused: {0}")]
    Refused(String),
    /// Its answer makes no sense.
    #[error("an answer that makes no sense: {0}")]
    Garbage(&'static str),
}

/// Somebody who knows ways, or does not.
#[async_trait]
pub(super) trait Source: Send + Sync {
    /// Its name.
    fn by(&self) -> By;

    /// The fastest way from each of these places to one, in that order. `None`: it has no answer
    /// for this one, because it is off its map or cannot be reached.
    async fn ways(&self, from: &[LatLon], to: LatLon) -> Result<Vec<Option<Way>>, SourceError>;

    /// The fastest way from one place to another with its line, of all its bends. `None` as above.
    async fn route(&self, from: LatLon, to: LatLon) -> Result<Option<Route>, SourceError>;
}
