//! Vehicles that drive through a city.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rand::Rng;
use ridecast_protocol::Position;
use ridecast_roads::Router;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::client::{Context, Driver, Mailbox, Places, Rider, Wheel, invent};
use crate::crew::{Crew, Stretch};
use crate::play::{DriverPlay, Manners};
use crate::world::{Fix, World, chance};
use crate::{Endpoint, Fleet, Mode, Reception, Report, Rides, RunProgress, RunSettings, SimError};

/// Without a ramp, one session after the other begins after this.
const PACE: Duration = Duration::from_millis(2);
/// How often the world looks who is to move.
const TICK: Duration = Duration::from_millis(20);
/// Invented names come from a stream of chance of their own.
const NAMES_STREAM: u64 = 1 << 40;
/// And so does what people do about rides.
const WISHES_STREAM: u64 = 1 << 41;
const DRIVERS_PLAY_STREAM: u64 = 1 << 42;
const RIDERS_PLAY_STREAM: u64 = 1 << 43;

/// Lets vehicles drive through a city, and riders look around and be driven, until the time is
/// over or `stop` is cancelled; `progress` is told once a second.
///
/// # Errors
/// [`SimError`] when a setting makes no sense.
pub async fn run(
    router: Arc<Router>,
    settings: RunSettings,
    stop: CancellationToken,
    progress: &mut (dyn FnMut(RunProgress) + Send),
) -> Result<Report, SimError> {
    let traffic = Traffic {
        endpoint: settings.endpoint,
        fleet: settings.fleet,
        rate_hz: settings.rate_hz,
        reception: settings.reception,
        rides: settings.rides,
        haste: settings.haste,
        pace: PACE,
    };
    let (mut crew, moving) = traffic.begin(router).await?;
    let until = async {
        match settings.duration {
            Some(duration) => sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let ended = crew.during(until, &stop, None, progress).await;
    crew.wind_up(ended, progress).await;
    moving.cancel();
    // Without an end of its own, a stop is not too early.
    let cut_short = match ended {
        Stretch::Done => false,
        Stretch::Stopped => settings.duration.is_some(),
        Stretch::Deserted => true,
    };
    Ok(crew.finish(Mode::Run, cut_short).await)
}

/// A city's traffic and those who look at it.
pub(crate) struct Traffic {
    pub(crate) endpoint: Endpoint,
    pub(crate) fleet: Fleet,
    pub(crate) rate_hz: f64,
    pub(crate) reception: Reception,
    pub(crate) rides: Rides,
    pub(crate) haste: f64,
    /// Between one session's begin and the next.
    pub(crate) pace: Duration,
}

impl Traffic {
    /// Sets the world in motion and sends everybody out. The token stops the world, and the
    /// wishes for rides.
    pub(crate) async fn begin(
        self,
        router: Arc<Router>,
    ) -> Result<(Crew, CancellationToken), SimError> {
        self.fleet.check()?;
        if !(self.rate_hz > 0.0 && self.rate_hz <= 50.0) {
            return Err(SimError::Setting {
                setting: "the rate",
                must: "above 0 and at most 50 Hz",
            });
        }
        if !(self.haste > 0.0 && self.haste <= 20.0) {
            return Err(SimError::Setting {
                setting: "the haste",
                must: "above 0 and at most 20",
            });
        }
        self.reception.check()?;
        self.rides.check()?;
        let places = Places::Roads(Arc::clone(router.network()));
        let (count, seed, reception) = (self.fleet.drivers, self.fleet.seed, self.reception);
        let world = tokio::task::spawn_blocking(move || World::new(router, count, seed, reception))
            .await
            .map_err(|_| SimError::Panicked)?;

        let mut names = chance(seed, NAMES_STREAM);
        let people = (0..count)
            .map(|index| {
                let class = world.vehicle(index).kind().class();
                invent(&self.fleet.name, index, class, &mut names)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let vehicles: Vec<_> = people.iter().map(|p| p.user.clone().into()).collect();
        let mut crew = Crew::new(self.endpoint.clone(), self.fleet.clone(), vehicles);

        let outfits: Vec<_> = (0..count).map(|_| Outfit::default()).collect();
        // Unlike everything else not by the seed: the service remembers keys for a day.
        let run = format!("{:x}", now_ms());
        let mut people = people.into_iter().enumerate();
        let (mut riders, mut delay) = (0, Duration::ZERO);
        // In step, so that a ramp has both from its beginning.
        for session in 0..count + self.fleet.riders {
            if riders * (count + self.fleet.riders) < session * self.fleet.riders {
                riders += 1;
                crew.rider(self.new_rider(&crew, &places, riders, &run)?, delay);
            } else if let Some((vehicle, person)) = people.next() {
                let (context, outfit) = (Arc::clone(&crew.context), &outfits[vehicle]);
                let mailbox = Arc::clone(&outfit.mailbox);
                let driver = Driver::new(context, person, vehicle, mailbox, crew.chance());
                let chance = chance(seed, DRIVERS_PLAY_STREAM + vehicle as u64);
                let play = DriverPlay::new(self.manners(), &format!("{run}-d{vehicle}"), chance);
                crew.driver(driver.taking_rides(play, Arc::clone(&outfit.wheel)), delay);
            } else {
                riders += 1;
                crew.rider(self.new_rider(&crew, &places, riders, &run)?, delay);
            }
            delay += self.pace;
        }
        let stop = CancellationToken::new();
        if self.rides.per_minute > 0.0 && riders > 0 {
            let wishing = wishing(Arc::clone(&crew.context), self.rides.per_minute, seed);
            tokio::spawn(stop.clone().run_until_cancelled_owned(wishing));
        }
        let pace = Pace {
            rate_hz: self.rate_hz,
            haste: self.haste,
        };
        tokio::spawn(turn(world, outfits, pace, stop.clone()));
        Ok((crew, stop))
    }

    fn new_rider(
        &self,
        crew: &Crew,
        places: &Places,
        number: usize,
        run: &str,
    ) -> Result<Rider, SimError> {
        let chance = chance(self.fleet.seed, RIDERS_PLAY_STREAM + number as u64);
        let (keys, trip_m) = (format!("{run}-r{number}"), self.rides.trip_m.clone());
        let rider = crew.new_rider(places.clone())?;
        Ok(rider.asking_for_rides(self.manners(), trip_m, &keys, chance)?)
    }

    fn manners(&self) -> Manners {
        Manners {
            accept: self.rides.accept,
            decline: self.rides.decline,
            cancel: self.rides.cancel,
            haste: self.haste,
        }
    }
}

/// What stands between a driver and the vehicle.
struct Outfit {
    mailbox: Arc<Mailbox>,
    wheel: Arc<Wheel>,
}

impl Default for Outfit {
    fn default() -> Self {
        Self {
            mailbox: Arc::default(),
            wheel: Arc::new(Wheel::new()),
        }
    }
}

/// How time passes for vehicles.
#[derive(Debug, Clone, Copy)]
struct Pace {
    rate_hz: f64,
    haste: f64,
}

/// Wishes for rides come at random, independent of each other (a Poisson process). Those that
/// nobody is free to have are not kept: who has just arrived does not want to go on at once.
async fn wishing(context: Arc<Context>, per_minute: f64, seed: u64) {
    let mut chance = chance(seed, WISHES_STREAM);
    loop {
        let unlikely: f64 = 1.0 - chance.random::<f64>();
        sleep(Duration::from_secs_f64(-unlikely.ln() * 60.0 / per_minute)).await;
        context.demand.forget_permits(usize::MAX);
        context.demand.add_permits(1);
    }
}

/// Moves one vehicle after the other, evenly over each period, and hands its
/// fix to its driver: neither the work nor the messages come in bursts.
async fn turn(
    mut world: World,
    outfits: Vec<Outfit>,
    Pace { rate_hz, haste }: Pace,
    stop: CancellationToken,
) {
    let count = outfits.len() as u64;
    let mut orders = vec![0; outfits.len()];
    if count == 0 {
        return;
    }
    let started = Instant::now();
    let period_s = rate_hz.recip() * haste;
    let mut turns = 0;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        let due = turns_due(started.elapsed(), rate_hz, count);
        // Time that was lost, as in a laptop's sleep, is not caught up.
        turns = turns.max(due.saturating_sub(count));
        while turns < due {
            let vehicle = usize::try_from(turns % count).unwrap_or(0);
            let Outfit { mailbox, wheel } = &outfits[vehicle];
            if let Some((number, order)) = wheel.take() {
                orders[vehicle] = number;
                world.order(vehicle, order);
            }
            world.step_one(vehicle, period_s);
            if let Some(mut fix) = world.fix(vehicle) {
                fix.speed_mps *= haste;
                mailbox.put(position(&fix, now_ms()));
            }
            if world.vehicle(vehicle).is_there() {
                wheel.reached(orders[vehicle]);
            }
            turns += 1;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "vehicles times periods fit in 53 bits for thousands of years"
)]
fn turns_due(elapsed: Duration, rate_hz: f64, count: u64) -> u64 {
    (elapsed.as_secs_f64() * rate_hz * count as f64) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the protocol holds these as f32"
)]
fn position(fix: &Fix, timestamp_ms: i64) -> Position {
    // A hundredth of a metre is more than a receiver knows; shorter messages are cheaper.
    let round = |value: f64, digits: f64| (value * digits).round() / digits;
    Position {
        latitude: round(fix.place.latitude, 1e7),
        longitude: round(fix.place.longitude, 1e7),
        timestamp_ms,
        accuracy: Some(round(fix.accuracy_m, 10.0) as f32),
        bearing: Some(round(fix.bearing_deg, 10.0) as f32),
        speed: Some(round(fix.speed_mps, 100.0) as f32),
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}
