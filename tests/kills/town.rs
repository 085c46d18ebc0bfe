//! A town full of people, and the account of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use ridecast_protocol::Role;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::book::Book;
use crate::say::{MONTEVIDEO, Place, offset};

/// So that no ride waits longer for what does not come than a test can.
pub(crate) const HASTY: [&str; 4] = ["--offer-for", "2s", "--search-for", "15s"];

/// When nothing is killed any more, everything is over after so long.
const OVER_WITHIN: Duration = Duration::from_mins(1);

/// One town at a time: each is as much as the machine can take.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Where the nodes are that run now: what a load balancer knows.
#[derive(Default)]
pub(crate) struct Nodes(std::sync::Mutex<BTreeMap<usize, SocketAddr>>);

impl Nodes {
    pub(crate) fn set(&self, node: usize, address: Option<SocketAddr>) {
        let mut nodes = self.0.lock().unwrap();
        match address {
            Some(address) => nodes.insert(node, address),
            None => nodes.remove(&node),
        };
    }

    pub(crate) fn any(&self) -> Option<SocketAddr> {
        let nodes = self.0.lock().unwrap();
        let nth = rand::random_range(0..nodes.len().max(1));
        nodes.values().nth(nth).copied()
    }
}

pub(crate) struct Town {
    nodes: Arc<Nodes>,
    riders: Vec<JoinHandle<App>>,
    drivers: Vec<JoinHandle<App>>,
    operator: App,
    riders_enough: Arc<AtomicBool>,
    drivers_enough: Arc<AtomicBool>,
}

/// What there was.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) completed: u64,
    pub(crate) people: usize,
    /// How many sessions were ended by the service, or with it.
    pub(crate) ended: usize,
    pub(crate) unavailable: usize,
}

/// Waits until the machine is free for another town.
pub(crate) async fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}

pub(crate) async fn a_while(ms: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(ms))).await;
}

impl Town {
    pub(crate) async fn open(nodes: &Arc<Nodes>, riders: usize, drivers: usize) -> Self {
        let (riders_enough, drivers_enough) = (Arc::default(), Arc::default());
        let app =
            |kind: &str, n: usize, role| App::new(format!("{kind}{n:03}"), role, place(n), nodes);
        // Before anything happens.
        let mut operator = App::new("olga".to_owned(), Role::Operator, MONTEVIDEO, nodes);
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
            operator,
            riders_enough,
            drivers_enough,
        }
    }

    /// Goes on while this is done to the service; the operator listens.
    pub(crate) async fn during(&mut self, what: impl Future<Output = ()>) {
        tokio::pin!(what);
        loop {
            tokio::select! {
                // Dropped only between two messages: what was heard is in the log.
                () = listen(&mut self.operator) => {}
                () = &mut what => return,
            }
        }
    }

    /// Everybody comes to an end, and everything is as they were told.
    pub(crate) async fn close(mut self) -> Account {
        let begun = Instant::now();
        self.riders_enough.store(true, Ordering::Relaxed);
        let mut riders = ended(self.riders).await;
        self.drivers_enough.store(true, Ordering::Relaxed);
        let mut drivers = ended(self.drivers).await;
        let over = begun.elapsed();
        all_are_free(&mut riders, &mut drivers).await;
        let free = begun.elapsed();

        // The last session of each has not ended.
        let sessions_ended = |it: &App| it.connects - it.dropped - usize::from(it.is_connected());
        let account = Account {
            people: riders.len() + drivers.len() + 1,
            completed: 0,
            ended: sum(&riders, &drivers, sessions_ended) + sessions_ended(&self.operator),
            unavailable: sum(&riders, &drivers, |it| it.unavailable),
        };
        self.operator.read_again().await;
        join_all(riders.iter_mut().chain(&mut drivers).map(App::read_again)).await;
        let book = Book::read(&self.operator.log);
        for app in riders.iter().chain(&drivers) {
            book.check(app);
        }
        let address = self.nodes.any().expect("a node runs");
        book.check_rest(&drivers, address).await;

        let ends = book.ends();
        let account = Account {
            completed: ends.get("completed").copied().unwrap_or_default(),
            ..account
        };
        println!(
            "{ends:?}; {} changes, {} promises of rides and {} of chat messages, {} requests \
             repeated; {account:?}; all over after {over:?}, all free after {free:?}, checked \
             after {:?}",
            self.operator.log.len(),
            sum(&riders, &drivers, |it| it.promised.len()),
            sum(&riders, &drivers, |it| it.said.len()),
            sum(&riders, &drivers, |it| it.repeats),
            begun.elapsed(),
        );
        account
    }
}

async fn listen(operator: &mut App) {
    operator.hear(Duration::from_secs(1)).await;
}

async fn ended(tasks: Vec<JoinHandle<App>>) -> Vec<App> {
    let all = timeout(OVER_WITHIN, join_all(tasks)).await;
    let all = all.expect("nobody is stuck").into_iter();
    all.map(|app| app.expect("no fault")).collect()
}

/// Nobody is held by a ride that is over: with as many rides as drivers, all get one, and drive
/// it to the end.
async fn all_are_free(riders: &mut [App], drivers: &mut [App]) {
    let all = async {
        let riders = riders.iter_mut().take(drivers.len());
        let riders = join_all(riders.map(App::be_taken));
        let drivers = join_all(drivers.iter_mut().map(App::take_one));
        tokio::join!(riders, drivers);
    };
    let all = timeout(OVER_WITHIN, all).await;
    all.expect("every driver gets a ride");
    join_all(drivers.iter_mut().map(App::finish)).await;
}

fn sum(riders: &[App], drivers: &[App], what: impl Fn(&App) -> usize) -> usize {
    riders.iter().chain(drivers).map(what).sum()
}

/// Around the middle of the town.
fn place(n: usize) -> Place {
    let n = u32::try_from(n).unwrap();
    offset(
        MONTEVIDEO,
        f64::from(n % 10) * 150.0,
        f64::from(n / 10) * 150.0,
    )
}
