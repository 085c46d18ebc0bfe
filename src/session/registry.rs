use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use actix::Recipient;
use dashmap::DashMap;
use ridecast_protocol::{CloseCode, ErrorBody, ErrorCode, SessionId, UserId};

use super::counts::{Counted, Counts};
use super::{End, Settings};
use crate::auth::Person;
use crate::telemetry::{Limit, Metrics, now_ms};

/// For the sessions of one millisecond: more than any node can begin.
const NUMBER_BITS: u32 = 16;

/// All open sessions of this node.
#[derive(Debug)]
pub struct Sessions {
    settings: Settings,
    metrics: Arc<Metrics>,
    taken: AtomicUsize,
    of_address: Arc<Counts<IpAddr>>,
    of_user: Arc<Counts<UserId>>,
    stopping: AtomicBool,
    open: DashMap<SessionId, Open>,
    drivers: DashMap<UserId, (SessionId, Recipient<End>)>,
}

#[derive(Debug)]
struct Open {
    /// Whose token it rests on; `None`: on none, as that of who has a link.
    person: Option<Person>,
    end: Recipient<End>,
}

/// Why nobody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEntry {
    /// All places are taken.
    #[error("the service has as many sessions as it may have")]
    Full,
    /// The service sends its sessions away.
    #[error("this node is stopping")]
    Stopping,
    /// All places for that address are taken.
    #[error("your address has as many sessions as one may have (`sessions_per_address`: {0})")]
    AddressFull(usize),
    /// All places for that person are taken.
    #[error("you have as many sessions as one may have (`sessions_per_user`: {0})")]
    UserFull(usize),
}

impl From<NoEntry> for ErrorBody {
    fn from(no_entry: NoEntry) -> Self {
        let code = match no_entry {
            NoEntry::Full | NoEntry::Stopping => ErrorCode::Overloaded,
            NoEntry::AddressFull(_) | NoEntry::UserFull(_) => ErrorCode::TooManySessions,
        };
        Self::new(code, no_entry.to_string())
    }
}

/// The right to one session, until dropped.
#[derive(Debug)]
pub struct Place {
    sessions: Arc<Sessions>,
    _of_address: Option<Counted<IpAddr>>,
    of_user: Option<Counted<UserId>>,
}

impl Place {
    /// Whose it is, as soon as that is known.
    ///
    /// # Errors
    /// [`NoEntry::UserFull`].
    pub fn give_to(&mut self, user: &UserId) -> Result<(), NoEntry> {
        let of_user = &self.sessions.of_user;
        self.of_user = of_user.take(user.clone());
        if self.of_user.is_some() {
            return Ok(());
        }
        self.sessions.metrics.limited(Limit::SessionsPerUser);
        Err(NoEntry::UserFull(of_user.most()))
    }
}

impl Sessions {
    /// Room for so many sessions.
    #[must_use]
    pub fn new(settings: Settings, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            of_address: Counts::new(settings.most_per_address),
            of_user: Counts::new(settings.most_per_user),
            settings,
            metrics,
            taken: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            open: DashMap::new(),
            drivers: DashMap::new(),
        })
    }

    /// What a session may do.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A place for one more session. `address`: whose it counts as; `None`: nobody's.
    ///
    /// # Errors
    /// [`NoEntry`].
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, NoEntry> {
        if self.is_stopping() {
            return Err(NoEntry::Stopping);
        }
        let of_address = match address.map(|address| self.of_address.take(address)) {
            Some(None) => {
                self.metrics.limited(Limit::SessionsPerAddress);
                return Err(NoEntry::AddressFull(self.of_address.most()));
            }
            of_address => of_address.flatten(),
        };
        if self.taken.fetch_add(1, Ordering::Relaxed) >= self.settings.most {
            self.taken.fetch_sub(1, Ordering::Relaxed);
            self.metrics.limited(Limit::Sessions);
            return Err(NoEntry::Full);
        }
        Ok(Place {
            sessions: Arc::clone(self),
            _of_address: of_address,
            of_user: None,
        })
    }

    /// Lets nobody in any more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether nobody is let in any more.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A name for a session. Of two names the newer session's is the greater:
    /// always within this process, among nodes as far as their clocks agree.
    #[must_use]
    pub fn name() -> SessionId {
        /// The time in the last name, and its number within that millisecond. Two sessions of one
        /// millisecond, or of a clock set back, must still be told apart in order. But no name may
        /// be ahead of the clock, also when all who were on another node come at once: who then
        /// goes back there has a newer session, and must have a greater name.
        static LAST: AtomicI64 = AtomicI64::new(0);
        let first = now_ms() << NUMBER_BITS;
        let after = |last: i64| first.max(last + 1);
        let last = LAST
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(after(last))
            })
            .unwrap_or(first);
        let this = after(last);
        let (at_ms, number) = (this >> NUMBER_BITS, this & ((1 << NUMBER_BITS) - 1));
        let chance = rand::random::<u64>() >> NUMBER_BITS;
        let name = format!("{at_ms:011x}-{number:04x}{chance:012x}");
        // 28 ASCII bytes are always a name.
        SessionId::new(&name).unwrap_or_else(|_| unreachable!("{name} is a session id"))
    }

    /// How many sessions are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// All of them, to be ended.
    #[must_use]
    pub fn all(&self) -> Vec<Recipient<End>> {
        self.open
            .iter()
            .map(|entry| entry.value().end.clone())
            .collect()
    }

    /// A session has begun.
    pub(crate) fn opened(&self, id: SessionId, person: Option<Person>, end: Recipient<End>) {
        self.open.insert(id, Open { person, end });
    }

    /// A session rests on another token of its person now.
    pub(crate) fn renewed(&self, id: &SessionId, person: &Person) {
        if let Some(mut open) = self.open.get_mut(id) {
            open.person = Some(person.clone());
        }
    }

    /// Ends the sessions that rest on such a token; gives how many.
    pub fn end_of(&self, is_such: impl Fn(&Person) -> bool) -> usize {
        let concerned = self.open.iter().filter(|open| {
            let person = open.person.as_ref();
            person.is_some_and(&is_such)
        });
        // Told when no shard is locked any more.
        let ends: Vec<_> = concerned.map(|open| open.end.clone()).collect();
        for end in &ends {
            end.do_send(End::because(CloseCode::BadToken));
        }
        ends.len()
    }

    /// A session is over.
    pub(crate) fn closed(&self, id: &SessionId) {
        self.open.remove(id);
    }

    /// This session drives now; the driver's other one on this node ends.
    pub fn drives(&self, driver: &UserId, id: &SessionId, end: Recipient<End>) {
        if let Some((_, before)) = self.drivers.insert(driver.clone(), (id.clone(), end)) {
            before.do_send(End::because(CloseCode::Replaced));
        }
    }

    /// The driver has a session on another node: one here ends, unless it is the newer.
    pub fn drives_elsewhere(&self, driver: &UserId, there: &SessionId) {
        let here = self.drivers.remove_if(driver, |_, (here, _)| here < there);
        if let Some((_, (_, end))) = here {
            end.do_send(End::because(CloseCode::Replaced));
        }
    }

    /// This session no longer drives.
    pub fn drives_no_more(&self, driver: &UserId, id: &SessionId) {
        self.drivers
            .remove_if(driver, |_, (current, _)| current == id);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_sessions_name_is_the_greater() {
        let names: Vec<_> = (0..1_000).map(|_| Sessions::name()).collect();
        assert!(names.is_sorted_by(|older, newer| older < newer));
    }

    #[test]
    fn however_many_come_at_once_no_name_is_ahead_of_the_clock() {
        let newest = (0..10_000).map(|_| Sessions::name()).max().unwrap();
        let (at_ms, _) = newest.as_str().split_once('-').unwrap();
        assert!(i64::from_str_radix(at_ms, 16).unwrap() <= now_ms());
    }
}
