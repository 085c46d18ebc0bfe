//! Many people at once, and whether all came out right.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ridecast_protocol::{Event, Ride, RideId, Role};
use tokio::time::{Instant, timeout};

use crate::app::{App, Nodes};
use crate::people::{request, step};
use crate::say::{Place, offset};
use crate::scene::PICKUP;

/// Riders, drivers and an operator, while something is done to the service.
pub(crate) struct Crowd {
    nodes: Arc<Nodes>,
    riders_enough: Arc<AtomicBool>,
    drivers_enough: Arc<AtomicBool>,
    riders: Vec<tokio::task::JoinHandle<App>>,
    drivers: Vec<tokio::task::JoinHandle<App>>,
    operator: tokio::task::JoinHandle<App>,
}

impl Crowd {
    pub(crate) async fn start(nodes: &Arc<Nodes>, riders: usize, drivers: usize) -> Self {
        let (riders_enough, drivers_enough) = (Arc::default(), Arc::default());
        let app =
            |name: &str, n: usize, role| App::new(format!("{name}{n:03}"), role, place(n), nodes);
        let mut operator = app("olga", 0, Role::Operator);
        // Before anything happens.
        operator.connect().await;
        Self {
            nodes: Arc::clone(nodes),
            riders: (0..riders)
                .map(|n| app("r", n, Role::Rider).ride_on(Arc::clone(&riders_enough)))
                .map(tokio::spawn)
                .collect(),
            drivers: (0..drivers)
                .map(|n| app("d", n, Role::Driver).drive_on(Arc::clone(&drivers_enough)))
                .map(tokio::spawn)
                .collect(),
            operator: tokio::spawn(operator.listen(Arc::clone(&drivers_enough))),
            riders_enough,
            drivers_enough,
        }
    }

    /// Lets everybody come to an end, and looks whether all is as it should be.
    pub(crate) async fn check(self, least_completed: usize) {
        let begun = Instant::now();
        let joined = async |tasks: Vec<tokio::task::JoinHandle<App>>| {
            let mut apps = Vec::new();
            for task in tasks {
                let app = tokio::time::timeout(Duration::from_mins(1), task).await;
                apps.push(app.expect("nobody is stuck").expect("no fault"));
            }
            apps
        };
        self.riders_enough.store(true, Ordering::Relaxed);
        let riders = joined(self.riders).await;
        self.drivers_enough.store(true, Ordering::Relaxed);
        let mut drivers = joined(self.drivers).await;
        let mut operator = joined(vec![self.operator]).await.remove(0);
        operator.until_all_is_over().await;
        let ended = begun.elapsed();
        all_are_free(&mut drivers, &self.nodes).await;
        operator.until_all_is_over().await;
        let freed = begun.elapsed();

        let ends = check_order(&operator.log);
        let events = operator.log.len();
        let connects: usize = riders.iter().chain(&drivers).map(|it| it.connects).sum();
        let unavailable: usize = riders.iter().chain(&drivers).map(|it| it.unavailable).sum();
        assert!(ends["completed"] >= least_completed, "{ends:?}");
        for app in riders.into_iter().chain(drivers) {
            app.check().await;
        }
        println!(
            "{ends:?}; {events} changes, {connects} connections, {unavailable} times unavailable; \
             all over after {ended:?}, all free after {freed:?}, checked after {:?}",
            begun.elapsed()
        );
    }
}

/// By the operators' inbox, which has all in the order in which it happened: no driver had two
/// rides, and no ride two drivers. Gives how many ended how.
pub(crate) fn check_order(log: &[Event]) -> BTreeMap<&'static str, usize> {
    let mut busy: HashMap<String, RideId> = HashMap::new();
    let mut rides: HashMap<RideId, Ride> = HashMap::new();
    for event in log {
        let Event::Ride(ride) = event else { continue };
        let driver = |ride: &Ride| {
            let driver = ride.driver.as_ref().filter(|_| ride.state.is_driven());
            driver.map(|it| it.id.as_str().to_owned())
        };
        let before = rides.insert(ride.ride_id.clone(), Ride::clone(ride));
        if let Some(before) = &before {
            assert!(before.version < ride.version, "{before:#?}, then {ride:#?}");
            assert!(!before.state.is_over(), "{before:#?}, then {ride:#?}");
            if let (Some(was), Some(is)) = (driver(before), driver(ride)) {
                assert_eq!(was, is, "two drivers: {before:#?}, then {ride:#?}");
            }
        } else {
            assert_eq!(ride.version, 1);
        }
        let (was, is) = (before.as_ref().and_then(driver), driver(ride));
        if was != is {
            if let Some(was) = was {
                busy.remove(&was);
            }
            if let Some(is) = is {
                let other = busy.insert(is.clone(), ride.ride_id.clone());
                assert_eq!(other, None, "{is} has two rides: {ride:#?}");
            }
        }
    }
    let mut ends = BTreeMap::new();
    for ride in rides.values() {
        *ends.entry(ride.state.as_str()).or_default() += 1;
    }
    ends
}

/// Every driver is free: as many riders as there are drivers all get one.
pub(crate) async fn all_are_free(drivers: &mut [App], nodes: &Arc<Nodes>) {
    let riders = (0..drivers.len()).map(|n| {
        let nodes = Arc::clone(nodes);
        async move {
            let mut rider = App::new(format!("last{n}"), Role::Rider, place(n), &nodes);
            let ask = request("k", rider.at, offset(rider.at, 2_000.0, 0.0));
            rider.ask(ask).await.unwrap();
            rider
        }
    });
    let all = async {
        let riders = futures_util::future::join_all(riders).await;
        futures_util::future::join_all(drivers.iter_mut().map(App::take_one)).await;
        for mut rider in riders {
            let taken: Vec<_> = rider.rides.keys().cloned().collect();
            rider.ask(step("cancel_ride", &taken[0])).await.unwrap();
        }
    };
    let longest = Duration::from_mins(1);
    timeout(longest, all)
        .await
        .expect("every driver gets a ride");
}

/// Around the middle of the town.
pub(crate) fn place(n: usize) -> Place {
    let n = u32::try_from(n).unwrap();
    offset(PICKUP, f64::from(n % 10) * 200.0, f64::from(n / 10) * 200.0)
}

pub(crate) async fn a_while(ms: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(ms))).await;
}
