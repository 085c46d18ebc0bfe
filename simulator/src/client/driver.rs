//! A driver's app: sends where the vehicle is, through thick and thin.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use ridecast_protocol::{
    ClientMessage, ErrorCode, GoOnline, Position, Positions, RequestId, Resume, Role,
    ServerMessage, UserId,
};
use tokio::time::{sleep_until, timeout};

use super::connection::{Connection, Incoming};
use super::desk::Desk;
use super::ending::Ending;
use super::ledger::Ledger;
use super::{Client, Context, Mailbox, Person, Wheel};
use crate::Subprotocol;
use crate::play::DriverPlay;

/// So many positions go into one `positions`: some 30 KB, well below what a
/// frame may hold.
const BATCH: usize = 200;
/// So many positions may be unjudged before a ping asks whether they are: what
/// a broken connection leaves in doubt is at most about this.
const BARRIER_EVERY: u64 = 16;
/// The same where connections break all the time.
const BARRIER_EVERY_IF_FLAKY: u64 = 2;
/// How long the end waits for the last answer.
const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Where a driver's positions come from.
pub(crate) trait FixSource: Send + Sync + 'static {
    /// Waits until there is something to send. May be dropped and called again.
    fn ready(&mut self) -> impl Future<Output = ()> + Send;
    /// Takes what is to be sent now, oldest first, at most `max`; maybe nothing.
    fn take(&mut self, max: usize) -> Vec<Position>;
    /// Takes back what could not be sent.
    fn put_back(&mut self, positions: Vec<Position>);
    /// The first session is open: what was meant for before may be forgotten.
    fn begin(&mut self) {}
}

impl FixSource for Arc<Mailbox> {
    async fn ready(&mut self) {
        Mailbox::ready(self).await;
    }

    fn take(&mut self, max: usize) -> Vec<Position> {
        Mailbox::take(self, max)
    }

    fn put_back(&mut self, positions: Vec<Position>) {
        Mailbox::put_back(self, positions);
    }

    fn begin(&mut self) {
        Mailbox::take(self, usize::MAX);
    }
}

pub(crate) struct Driver<S> {
    context: Arc<Context>,
    person: Person,
    /// Index of the vehicle in the tally.
    vehicle: usize,
    source: S,
    wheel: Option<Arc<Wheel>>,
    /// The last order that the vehicle is known to have carried out.
    arrived: u64,
    desk: Desk<DriverPlay>,
    chance: ChaCha8Rng,
}

impl<S: FixSource> Driver<S> {
    /// `vehicle` is its index in the tally.
    pub(crate) fn new(
        context: Arc<Context>,
        person: Person,
        vehicle: usize,
        source: S,
        chance: ChaCha8Rng,
    ) -> Self {
        Self {
            desk: Desk::new(Arc::clone(&context), None),
            context,
            person,
            vehicle,
            source,
            wheel: None,
            arrived: 0,
            chance,
        }
    }

    /// Takes rides, with a vehicle that goes where it is sent.
    pub(crate) fn taking_rides(mut self, play: DriverPlay, wheel: Arc<Wheel>) -> Self {
        self.desk = Desk::new(Arc::clone(&self.context), Some(play));
        self.wheel = Some(wheel);
        self
    }
}

impl<S: FixSource> Client for Driver<S> {
    fn number(&self) -> usize {
        self.vehicle
    }

    fn role(&self) -> Role {
        Role::Driver
    }

    fn user(&self) -> &UserId {
        &self.person.user
    }

    fn subprotocol(&self) -> Subprotocol {
        Subprotocol::Json
    }

    fn chance(&mut self) -> &mut ChaCha8Rng {
        &mut self.chance
    }

    fn resume(&self) -> Option<&Resume> {
        self.desk.resume()
    }

    async fn session(&mut self, mut connection: Connection, first: bool) -> Ending {
        if first {
            self.source.begin();
        }
        self.desk.session(connection.inbox(), Instant::now());
        let mut ledger = Ledger::default();
        let stop = self.context.stop_drivers.clone();
        let online = ClientMessage::GoOnline(GoOnline {
            vehicle: self.person.vehicle.clone(),
        });
        if let Err(ending) = connection.send(Some(ledger.id()), online).await {
            return ending;
        }
        loop {
            if let Err(ending) = self.act(&mut connection).await {
                return ending;
            }
            let wake = self.desk.next();
            let result = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                incoming = connection.next() => self.take(incoming, &mut ledger),
                () = self.source.ready() => {
                    self.send_due(&mut connection, &mut ledger).await.map(|_| ())
                }
                number = arrival(self.wheel.as_deref(), self.arrived) => {
                    self.arrived = number;
                    let now = Instant::now();
                    self.desk.with_play(now, |play| play.reached(now));
                    Ok(())
                }
                () = at(wake) => Ok(()),
            };
            if let Err(ending) = result {
                return ending;
            }
        }
        // The simulation has a deadline of its own for the drivers that hang here.
        self.leave(&mut connection, &mut ledger).await;
        connection.close().await;
        Ending::Stopped
    }
}

/// Waits for a moment that may never come.
pub(super) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

async fn arrival(wheel: Option<&Wheel>, known: u64) -> u64 {
    match wheel {
        Some(wheel) => wheel.arrival(known).await,
        None => std::future::pending().await,
    }
}

impl<S: FixSource> Driver<S> {
    /// Does what is to be done about rides.
    async fn act(&mut self, connection: &mut Connection) -> Result<(), Ending> {
        for (id, message) in self.desk.due(Instant::now()) {
            connection.send(id, message).await?;
        }
        if let (Some(order), Some(wheel)) = (self.desk.order(), &self.wheel) {
            wheel.order(order);
        }
        Ok(())
    }

    async fn send_due(
        &mut self,
        connection: &mut Connection,
        ledger: &mut Ledger,
    ) -> Result<u64, Ending> {
        let due = self.source.take(BATCH);
        let count = due.len() as u64;
        let (id, message) = match due.as_slice() {
            [] => return Ok(0),
            [position] => (None, ClientMessage::Position(*position)),
            positions => {
                let positions = positions.to_vec();
                let message = ClientMessage::Positions(Positions { positions });
                (Some(ledger.id()), message)
            }
        };
        let context = Arc::clone(&self.context);
        let tally = &context.tally;
        let now = Instant::now();
        for position in &due {
            tally.sending(self.vehicle, position, now);
        }
        if let Err(ending) = connection.send(id, message).await {
            for position in &due {
                tally.not_sent(self.vehicle, position.timestamp_ms);
            }
            self.source.put_back(due);
            return Err(ending);
        }
        tally.sent(count);
        match id {
            None => ledger.sent_one(),
            Some(id) => ledger.sent_batch(id, count),
        }
        let every = if self.context.is_flaky() {
            BARRIER_EVERY_IF_FLAKY
        } else {
            BARRIER_EVERY
        };
        if ledger.behind_no_barrier() >= every {
            self.ping(connection, ledger).await?;
        }
        Ok(count)
    }

    async fn ping(
        &mut self,
        connection: &mut Connection,
        ledger: &mut Ledger,
    ) -> Result<(), Ending> {
        let id = ledger.id();
        connection.send(Some(id), ClientMessage::Ping).await?;
        ledger.sent_barrier(id);
        Ok(())
    }

    fn take(&mut self, incoming: Incoming, ledger: &mut Ledger) -> Result<(), Ending> {
        let incoming = match incoming {
            Incoming::Message(message) => match self.desk.take(message, Instant::now()) {
                Some(message) => Incoming::Message(message),
                None => return Ok(()),
            },
            incoming => incoming,
        };
        let tally = &self.context.tally;
        match incoming {
            Incoming::Ended(ending) => return Err(ending),
            Incoming::Message(ServerMessage::Pong { id, .. }) => {
                if let Some(id) = number(id.as_ref()) {
                    tally.accepted(ledger.barrier_passed(id));
                }
            }
            Incoming::Message(ServerMessage::Error { id: None, error }) => {
                // Only positions are sent without an id.
                if ledger.refused_one() {
                    tally.refused(error.code.as_str(), 1);
                } else {
                    tally.error(error.code.as_str());
                }
            }
            Incoming::Message(ServerMessage::Error { id, error }) => {
                let batch = number(id.as_ref()).and_then(|id| ledger.batch_refused(id));
                match batch {
                    Some(count) => tally.refused(error.code.as_str(), count),
                    None => tally.error(error.code.as_str()),
                }
            }
            Incoming::Message(ServerMessage::Ok {
                id,
                accepted,
                refused,
                ..
            }) => {
                let codes: Vec<ErrorCode> = refused.iter().map(|refused| refused.code).collect();
                let batch =
                    number(Some(&id)).and_then(|id| ledger.batch_judged(id, accepted, &codes));
                if let Some(unnamed) = batch {
                    for code in codes {
                        tally.refused(code.as_str(), 1);
                    }
                    if unnamed > 0 {
                        tally.refused("without_code", unnamed);
                    }
                }
            }
            Incoming::Unreadable => tally.error("unreadable_message"),
            Incoming::Message(_) | Incoming::Frame(_) => tally.error("unexpected_message"),
        }
        Ok(())
    }

    /// Sends the rest, awaits that all is judged, and takes the vehicle off the road.
    async fn leave(&mut self, connection: &mut Connection, ledger: &mut Ledger) {
        let settle = async {
            while self.send_due(connection, ledger).await? > 0 {}
            if ledger.behind_no_barrier() > 0 {
                self.ping(connection, ledger).await?;
            }
            while !ledger.settled() {
                let incoming = connection.next().await;
                self.take(incoming, ledger)?;
            }
            if let Some((id, ack)) = self.desk.ack() {
                connection.send(id, ack).await?;
            }
            connection.send(None, ClientMessage::GoOffline).await
        };
        let _: Result<Result<(), Ending>, _> = timeout(LAST_ANSWER_WITHIN, settle).await;
    }
}

fn number(id: Option<&RequestId>) -> Option<u64> {
    match id {
        Some(RequestId::Number(id)) => Some(*id),
        _ => None,
    }
}
