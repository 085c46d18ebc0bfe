use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use ridecast_roads::{Drive, Router, Search, Snap};
use tokio::sync::Semaphore;

use super::source::{OFF_THE_MAP_M, Source};
use super::{By, Fix, Learner, Learning, Route, Settings, SourceError, Way};
use crate::spatial::LatLon;

/// So many fixes may wait for the learner. It takes some 100,000 a second, and pauses for the
/// fraction of a second in which it prepares new routes.
const FIXES: usize = 8192;

/// The loaded road network, at the speeds of the fleet.
pub(super) struct Roads {
    shared: Arc<Shared>,
    /// One for each processor: more would only slow each other down.
    threads: Arc<Semaphore>,
    patience: Duration,
    fixes: SyncSender<Fix>,
}

struct Shared {
    /// Replaced when enough was learnt.
    router: RwLock<Arc<Router>>,
    /// Working memory, some megabytes each, as many as there were queries at the same time.
    searches: Mutex<Vec<Search>>,
}

impl Roads {
    /// Starts the thread that learns. It ends with this.
    pub(super) fn open(map: Arc<Router>, settings: &Settings) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            router: RwLock::new(Arc::clone(&map)),
            searches: Mutex::default(),
        });
        let (fixes, heard) = sync_channel(FIXES);
        let every = settings.relearn_every;
        let half_lives = every.as_secs_f64() / settings.forget_half.as_secs_f64();
        let learner = Learner::new(map, 0.5_f64.powf(half_lives));
        let learnt = Arc::clone(&shared);
        thread::Builder::new()
            .name("ridecast-roads".to_owned())
            .spawn(move || run(learner, &heard, every, &learnt))?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            shared,
            threads: Arc::new(Semaphore::new(threads)),
            patience: settings.roads_patience,
            fixes,
        })
    }

    pub(super) fn learn(&self, fix: Fix) {
        // There will be others.
        let _ = self.fixes.try_send(fix);
    }
}

#[async_trait]
impl Source for Roads {
    fn by(&self) -> By {
        By::Roads
    }

    async fn ways(&self, from: &[LatLon], to: LatLon) -> Result<Vec<Option<Way>>, SourceError> {
        let from = from.to_vec();
        // A tenth of a millisecond for each place.
        let ways = self.search(move |shared| shared.ways(&from, to));
        ways.await
    }

    async fn route(&self, from: LatLon, to: LatLon) -> Result<Option<Route>, SourceError> {
        self.search(move |shared| shared.route(from, to)).await
    }
}

impl Roads {
    /// Searches beside the workers, as soon as a processor is free.
    async fn search<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<T, SourceError> {
        let permit = Arc::clone(&self.threads).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(self.patience, permit).await else {
            return Err(SourceError::Busy);
        };
        let shared = Arc::clone(&self.shared);
        let found = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            what(&shared)
        });
        found
            .await
            .map_err(|error| SourceError::Unreachable(error.to_string()))
    }
}

impl Shared {
    fn ways(&self, from: &[LatLon], to: LatLon) -> Vec<Option<Way>> {
        self.with_search(|router, search| {
            let to = snap(router, to);
            let ways = from.iter().map(|&from| {
                let drive = router.drive(search, &snap(router, from)?, &to?)?;
                Some(way(&drive))
            });
            ways.collect()
        })
    }

    fn route(&self, from: LatLon, to: LatLon) -> Option<Route> {
        self.with_search(|router, search| {
            let drive = router.drive(search, &snap(router, from)?, &snap(router, to)?)?;
            let way = way(&drive);
            let places = router.line(&drive).into_iter();
            let line: Result<_, _> = places
                .map(|place| LatLon::new(place.latitude, place.longitude))
                .collect();
            // Nothing on a map is off the Earth.
            line.ok().map(|line| Route { way, line })
        })
    }

    fn with_search<T>(&self, what: impl FnOnce(&Router, &mut Search) -> T) -> T {
        let router = Arc::clone(&self.router.read());
        // Ours to the end of the block: the lock is not held while searching.
        let search = self.searches.lock().pop();
        let mut search = search.unwrap_or_else(|| router.search());
        let found = what(&router, &mut search);
        self.searches.lock().push(search);
        found
    }
}

fn snap(router: &Router, place: LatLon) -> Option<Snap> {
    let network = router.network();
    network.snap(place.latitude(), place.longitude(), OFF_THE_MAP_M)
}

fn way(drive: &Drive) -> Way {
    Way {
        duration_s: drive.duration_s,
        distance_m: drive.length_m,
        by: By::Roads,
    }
}

/// Learns until nobody can tell it anything any more.
fn run(mut learner: Learner, heard: &Receiver<Fix>, every: Duration, shared: &Shared) {
    let mut next = Instant::now() + every;
    loop {
        match heard.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(fix) => learner.learn(&fix),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Not only after a time-out: in a busy fleet there is none.
        if Instant::now() >= next {
            if let Learning::New(router) = learner.refresh() {
                *shared.router.write() = router;
            }
            next = Instant::now() + every;
        }
    }
}
