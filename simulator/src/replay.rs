use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{ReplaySettings, Report, RunProgress, SimError, Trace};

/// Sends each fix of a trace at its time, until the trace is at its end, the
/// time is over or `stop` is cancelled; `progress` is told once a second.
///
/// # Errors
/// [`SimError`] when a setting makes no sense or no token can be made.
#[expect(clippy::unused_async, reason = "the clients come next")]
pub async fn replay(
    _trace: Arc<Trace>,
    _settings: ReplaySettings,
    _stop: CancellationToken,
    _progress: &mut (dyn FnMut(RunProgress) + Send),
) -> Result<Report, SimError> {
    todo!()
}
