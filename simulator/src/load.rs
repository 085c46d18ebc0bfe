use std::sync::Arc;

use ridecast_roads::Router;
use tokio_util::sync::CancellationToken;

use crate::{LoadSettings, Report, RunProgress, SimError};

/// Ramps to the full number of drivers and riders, holds it, measures, until the time is
/// over or `stop` is cancelled; `progress` is told once a second.
///
/// # Errors
/// [`SimError`] when a setting makes no sense or no token can be made.
#[expect(clippy::unused_async, reason = "the clients come next")]
pub async fn load(
    _router: Arc<Router>,
    _settings: LoadSettings,
    _stop: CancellationToken,
    _progress: &mut (dyn FnMut(RunProgress) + Send),
) -> Result<Report, SimError> {
    todo!()
}
