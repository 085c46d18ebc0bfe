//! What rider and driver say to each other, as long as they have each other.

use std::collections::VecDeque;

use ridecast_protocol::{
    ChatMessage, ChatPage, ErrorBody, ErrorCode, Event, IdempotencyKey, Party, ReadChat, Receipt,
    RideId, Role, SendChat,
};
use serde::{Deserialize, Serialize};

use super::error::RidesError;
use super::ledger::{Attempt, pause, put, value};
use super::{Rides, names, reader};
use crate::auth::Person;
use crate::ride::{Drive, Refusal, Ride};
use crate::store::{Address, Append, Outcome, Step, Tell};
use crate::telemetry::now_ms;

/// How far a chat is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Chat {
    last: u64,
    rider: Got,
    driver: Got,
    /// The newest messages' keys, against saying twice.
    keys: VecDeque<(Party, IdempotencyKey, u64)>,
}

/// How far one side has got with what the other said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Got {
    delivered: u64,
    read: u64,
}

const MOST_CHARACTERS: usize = 1_000;
const KEYS: usize = 100;
const ATTEMPTS: u32 = 10;

impl Rides {
    /// Says something to the other side; gives the message's number.
    ///
    /// # Errors
    /// [`RidesError`]; [`ErrorCode::ChatClosed`].
    pub async fn say(&self, person: Person, said: SendChat) -> Result<u64, RidesError> {
        check(&said)?;
        let (ride, _) = self.read(&said.ride_id).await?;
        let (from, drive) = self.party(&person, &ride)?;
        for attempt in 0..ATTEMPTS {
            let key = names::chat(&drive.offer);
            let [record] = self.records([key.clone()]).await?;
            let mut chat: Chat = value(&record)?.unwrap_or_default();
            let known = chat
                .keys
                .iter()
                .find(|(by, key, _)| *by == from && *key == said.idempotency_key);
            if let Some((_, _, number)) = known {
                return Ok(*number);
            }
            chat.last += 1;
            chat.keys
                .push_back((from, said.idempotency_key.clone(), chat.last));
            if chat.keys.len() > KEYS {
                chat.keys.pop_front();
            }
            let now_ms = now_ms();
            let message = ChatMessage {
                ride_id: ride.id.clone(),
                number: chat.last,
                from,
                text: said.text.clone(),
                quick: said.quick,
                at_ms: now_ms,
            };
            let mut step = Step::new();
            step.expects.push((key.clone(), record.version));
            step.puts
                .push(put(key, Some(&chat), Some(self.settings.kept_for)));
            step.logs.push(Append {
                log: names::chat_log(&drive.offer),
                item: serde_json::to_vec(&message).unwrap_or_default(),
                ttl: self.settings.kept_for,
            });
            tell_both(&mut step, &ride, drive, &Event::Chat(message), now_ms);
            if self.attempt(&step).await? == Attempt::Done {
                return Ok(chat.last);
            }
            pause(attempt).await;
        }
        Err(RidesError::Contended)
    }

    /// The other side's messages were read.
    ///
    /// # Errors
    /// [`RidesError`]; [`ErrorCode::ChatClosed`].
    pub async fn read_chat(&self, person: Person, read: ReadChat) -> Result<(), RidesError> {
        self.got(&person, &read.ride_id, read.number, true).await
    }

    /// The other side's messages have arrived.
    ///
    /// # Errors
    /// [`RidesError`]; [`ErrorCode::ChatClosed`].
    pub async fn delivered(
        &self,
        person: Person,
        id: RideId,
        number: u64,
    ) -> Result<(), RidesError> {
        self.got(&person, &id, number, false).await
    }

    async fn got(
        &self,
        person: &Person,
        id: &RideId,
        number: u64,
        read: bool,
    ) -> Result<(), RidesError> {
        let (ride, _) = self.read(id).await?;
        let (by, drive) = self.party(person, &ride)?;
        for attempt in 0..ATTEMPTS {
            let key = names::chat(&drive.offer);
            let [record] = self.records([key.clone()]).await?;
            let Some(mut chat) = value::<Chat>(&record)? else {
                return Ok(());
            };
            let number = number.min(chat.last);
            let got = chat.of(by);
            let before = *got;
            got.delivered = got.delivered.max(number);
            if read {
                got.read = got.read.max(number);
            }
            let now = *got;
            if now == before {
                return Ok(());
            }
            let mut step = Step::new();
            step.expects.push((key.clone(), record.version));
            step.puts
                .push(put(key, Some(&chat), Some(self.settings.kept_for)));
            let receipt = Event::Receipt(receipt(&ride, by, now));
            tell_both(&mut step, &ride, drive, &receipt, now_ms());
            if self.attempt(&step).await? == Attempt::Done {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(RidesError::Contended)
    }

    /// What was said: the newest messages below `before`, oldest first.
    ///
    /// # Errors
    /// [`RidesError`].
    pub async fn chat(
        &self,
        person: &Person,
        id: &RideId,
        before: Option<u64>,
        most: usize,
    ) -> Result<ChatPage, RidesError> {
        let (ride, _) = self.read(id).await?;
        reader(person, &ride)?;
        let nothing = ChatPage {
            messages: Vec::new(),
            receipts: Vec::new(),
            before: None,
        };
        let Some(drive) = &ride.drive else {
            return Ok(nothing);
        };
        let [record] = self.records([names::chat(&drive.offer)]).await?;
        let Some(chat) = value::<Chat>(&record)? else {
            return Ok(nothing);
        };
        let end = before.map_or(chat.last, |before| chat.last.min(before.saturating_sub(1)));
        let first = end.saturating_sub(most as u64);
        let count = usize::try_from(end - first).unwrap_or(most);
        let log = names::chat_log(&drive.offer);
        let items = self.post.ledger().log(&log, first, count).await?;
        let messages: Result<Vec<ChatMessage>, _> = items
            .iter()
            .map(|item| serde_json::from_slice(item))
            .collect();
        Ok(ChatPage {
            messages: messages.map_err(|error| RidesError::Unreadable(error.to_string()))?,
            receipts: vec![
                receipt(&ride, Party::Rider, chat.rider),
                receipt(&ride, Party::Driver, chat.driver),
            ],
            before: (first > 0).then_some(first + 1),
        })
    }

    async fn attempt(&self, step: &Step) -> Result<Attempt, RidesError> {
        Ok(match self.commit(step).await? {
            Outcome::Done(_) => Attempt::Done,
            Outcome::Conflict => Attempt::Conflict,
        })
    }

    /// Which side of the ride this person is on, while there are two.
    fn party<'a>(&self, person: &Person, ride: &'a Ride) -> Result<(Party, &'a Drive), RidesError> {
        reader(person, ride)?;
        let closed = || {
            RidesError::Invalid(ErrorBody::new(
                ErrorCode::ChatClosed,
                "the ride has no driver to talk to, or has been over for too long",
            ))
        };
        let grace_ms = i64::try_from(self.settings.chat_grace.as_millis()).unwrap_or(i64::MAX);
        let is_open = ride
            .ended_at_ms
            .is_none_or(|ended_at_ms| now_ms() < ended_at_ms.saturating_add(grace_ms));
        let drive = ride.drive.as_ref().filter(|_| is_open).ok_or_else(closed)?;
        match person.role {
            Role::Rider => Ok((Party::Rider, drive)),
            Role::Driver => Ok((Party::Driver, drive)),
            Role::Operator | Role::Admin => Err(Refusal::Unknown.into()),
        }
    }
}

impl Chat {
    fn of(&mut self, party: Party) -> &mut Got {
        match party {
            Party::Rider | Party::System => &mut self.rider,
            Party::Driver => &mut self.driver,
        }
    }
}

fn receipt(ride: &Ride, by: Party, got: Got) -> Receipt {
    Receipt {
        ride_id: ride.id.clone(),
        by,
        delivered: got.delivered,
        read: got.read,
    }
}

/// Both sides, so that the other devices of who speaks hear it too.
fn tell_both(step: &mut Step, ride: &Ride, drive: &Drive, event: &Event, at_ms: i64) {
    let event = serde_json::to_string(event).unwrap_or_default();
    for to in [Address::rider(&ride.rider), Address::driver(&drive.driver)] {
        let event = event.clone();
        step.tells.push(Tell { to, at_ms, event });
    }
}

fn check(said: &SendChat) -> Result<(), RidesError> {
    match (&said.text, said.quick) {
        (Some(text), None) if (1..=MOST_CHARACTERS).contains(&text.chars().count()) => Ok(()),
        (Some(_), None) => Err(RidesError::invalid(format!(
            "`text` must have 1 to {MOST_CHARACTERS} characters"
        ))),
        (None, Some(_)) => Ok(()),
        _ => Err(RidesError::invalid("give `text` or `quick`, one of them")),
    }
}
