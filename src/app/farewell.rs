use std::time::{Duration, Instant};

use ridecast_protocol::CloseCode;
use tracing::info;

use crate::session::{End, Sessions};

/// Says `bye` to all sessions, spread over the drain time, each with its own
/// time to come back, so that the other nodes do not get them all at once.
pub(super) async fn send_away(sessions: &Sessions, drain: Duration) {
    let all = sessions.all();
    if all.is_empty() {
        return;
    }
    info!(sessions = all.len(), ?drain, "sending sessions away");
    let started = Instant::now();
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    for (nth, session) in (0..).zip(all) {
        let reconnect_in = Duration::from_millis(rand::random_range(200..2_000));
        session.do_send(End {
            code: CloseCode::GoingAway,
            reconnect_in: Some(reconnect_in),
        });
        let due = drain * nth / count;
        if let Some(early) = due.checked_sub(started.elapsed()) {
            tokio::time::sleep(early).await;
        }
    }
    // Who was being let in when the list was made. To the others it says nothing new.
    for session in sessions.all() {
        session.do_send(End::because(CloseCode::GoingAway));
    }
    let last = Instant::now();
    while sessions.count() > 0 && last.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
