//! The service of one test: on a port of its own, in a thread of its own, ended with it.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ridecast::app::{App, AppError, Settings};
use ridecast::auth::Auth;
use ridecast::store::StoreError;
use ridecast_protocol::{Role, UserId};
use tokio::sync::oneshot;

/// What the tests' tokens are signed with.
pub(crate) const SECRET: &str = "a secret for tests, of 32 bytes or more";

/// A running service.
pub(crate) struct Service {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// With the defaults, two workers and a short farewell.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// As [`start`](Self::start), with other settings.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(SECRET);
        settings.bind = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.workers = 2;
        settings.drain = Duration::from_millis(50);
        change(&mut settings);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell_address, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = build(settings).await;
                tell_address.send(app.address()).expect("the test waits");
                let stop = async {
                    // Also when the test has ended without a word.
                    let _ = stopped.await;
                };
                app.run(stop).await.expect("the service ends well");
            });
        });
        Self {
            address: address
                .recv_timeout(Duration::from_secs(20))
                .expect("it starts in time"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Asks it to stop, without waiting for it.
    pub(crate) fn begin_to_stop(&mut self) {
        drop(self.stop.take());
    }

    fn end(&mut self) {
        self.begin_to_stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(
                ended.is_ok() || std::thread::panicking(),
                "the service panicked"
            );
        }
    }
}

/// Starts on a file that a service before may be letting go of: its threads end on their own.
async fn build(settings: Settings) -> App {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match App::build(settings.clone()).await {
            Err(AppError::Store(StoreError::InUse { .. })) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            built => return built.expect("the service starts"),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

/// A good token for an hour.
pub(crate) fn token(user: &str, role: Role) -> String {
    token_for(user, role, Duration::from_hours(1))
}

/// A token for so long, to the second.
pub(crate) fn token_for(user: &str, role: Role, ttl: Duration) -> String {
    let auth = Auth::new(SECRET).expect("long enough");
    auth.sign(UserId::new(user).expect("a name"), role, ttl)
        .expect("signed")
}
