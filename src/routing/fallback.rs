use std::sync::Arc;

use async_trait::async_trait;

use super::great_circle::GreatCircle;
use super::roads::Roads;
use super::source::Source;
use super::{Fix, Route, Router, Way, line};
use crate::spatial::LatLon;

/// Asks one source after the other, each for what is still open.
pub(super) struct Fallback {
    /// Best first.
    pub(super) sources: Vec<Arc<dyn Source>>,
    pub(super) last_resort: GreatCircle,
    /// The one among the sources that learns.
    pub(super) roads: Option<Arc<Roads>>,
}

#[async_trait]
impl Router for Fallback {
    async fn ways(&self, from: &[LatLon], to: LatLon) -> Vec<Way> {
        let mut ways: Vec<Option<Way>> = vec![None; from.len()];
        for source in &self.sources {
            let open: Vec<usize> = (0..from.len()).filter(|&n| ways[n].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let places: Vec<LatLon> = open.iter().map(|&n| from[n]).collect();
            match source.ways(&places, to).await {
                Ok(found) => {
                    for (n, way) in open.into_iter().zip(found) {
                        ways[n] = way;
                    }
                }
                Err(error) => {
                    tracing::debug!(source = source.by().as_str(), %error, "no ways");
                }
            }
        }
        from.iter()
            .zip(ways)
            .map(|(&from, way)| way.unwrap_or_else(|| self.last_resort.way(from, to)))
            .collect()
    }

    async fn way(&self, from: LatLon, to: LatLon) -> Way {
        let mut ways = self.ways(&[from], to).await;
        ways.pop().unwrap_or_else(|| self.last_resort.way(from, to))
    }

    async fn route(&self, from: LatLon, to: LatLon) -> Route {
        for source in &self.sources {
            match source.route(from, to).await {
                Ok(Some(Route { way, line })) => {
                    let line = line::thinned(&line);
                    return Route { way, line };
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(source = source.by().as_str(), %error, "no route");
                }
            }
        }
        self.last_resort.route(from, to)
    }

    fn learn(&self, fix: Fix) {
        if let Some(roads) = &self.roads {
            roads.learn(fix);
        }
    }
}
