use std::path::Path;
use std::sync::Arc;

use ridecast_roads::{Progress, RoadNetwork, Router};

use crate::SimError;

/// Loads a road network (`.osm.pbf`) and prepares its routes: a second or two
/// for a large city, so not on a thread that serves anything.
///
/// # Errors
/// [`SimError::Network`] when the file is not a usable extract.
pub fn load_city(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Arc<Router>, SimError> {
    let network = RoadNetwork::load(path, progress)?;
    Ok(Arc::new(Router::new(Arc::new(network), progress)))
}
