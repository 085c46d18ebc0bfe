//! How a step is told to `commit.lua`.

use std::time::Duration;

use super::script::Call;
use crate::store::keys::{self, ANSWER_TTL_S};
use crate::store::{Append, Listing, Outcome, Put, Step, Tell};

/// The script's keys and arguments, in the order in which it takes them.
pub(super) fn call(step: &Step) -> Call {
    let mut call = Call::default();
    call.key(keys::answer(step.id));
    call.number(step.id).arg(keys::TOLD);
    call.number(step.expects.len());
    for (key, version) in &step.expects {
        call.key(keys::record(key)).number(version.0);
    }
    call.number(step.puts.len());
    for put in &step.puts {
        self::put(&mut call, put);
    }
    call.number(step.tells.len());
    for tell in &step.tells {
        self::tell(&mut call, tell);
    }
    call.number(step.lists.len());
    for listing in &step.lists {
        list(&mut call, listing);
    }
    call.number(step.logs.len());
    for append in &step.logs {
        self::append(&mut call, append);
    }
    call.number(ANSWER_TTL_S);
    call
}

fn put(call: &mut Call, put: &Put) {
    call.key(keys::record(&put.key));
    match (&put.value, put.ttl) {
        (None, _) => call.arg("remove"),
        (Some(value), None) => call.arg("for ever").arg(value),
        (Some(value), Some(ttl)) => call.number(millis(ttl)).arg(value),
    };
}

fn tell(call: &mut Call, tell: &Tell) {
    let keeps = tell.to.keeps();
    call.key(keys::inbox(&tell.to))
        .key(keys::events(&tell.to))
        .arg(new_epoch())
        .number(millis(keeps.unused_for))
        .number(keeps.most)
        .arg(format!("{} {}", tell.at_ms, tell.event))
        .arg(told_but_for_the_offset(tell));
}

fn list(call: &mut Call, listing: &Listing) {
    let number = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
    call.key(keys::list(&listing.list))
        .arg(&listing.member)
        .arg(number(listing.score))
        .arg(number(listing.forget_below));
}

fn append(call: &mut Call, append: &Append) {
    call.key(keys::log(&append.log))
        .arg(&append.item)
        .number(millis(append.ttl));
}

/// What the script answered; `None`: nothing that it can have.
pub(super) fn outcome(answer: &str) -> Option<Outcome> {
    if answer == "conflict" {
        return Some(Outcome::Conflict);
    }
    let offsets = answer.strip_prefix("done")?.split_whitespace();
    let offsets = offsets.map(|offset| offset.parse().ok());
    Some(Outcome::Done(offsets.collect::<Option<_>>()?))
}

pub(super) fn new_epoch() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// In Redis the least is a millisecond: to expire at once would be to remove, and 0 is refused by some.
pub(super) fn millis(time: Duration) -> i64 {
    // Redis adds the time of day to it.
    const LONGEST: i64 = i64::MAX / 4;
    i64::try_from(time.as_millis()).map_or(LONGEST, |ms| ms.clamp(1, LONGEST))
}

/// A [`Told`](crate::store::Told) as JSON up to its last field's value, which the script adds.
fn told_but_for_the_offset(tell: &Tell) -> String {
    let told = serde_json::json!({ "to": tell.to, "at_ms": tell.at_ms, "event": tell.event });
    let mut json = told.to_string();
    json.truncate(json.len() - 1);
    json.push_str(",\"offset\":");
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Address, Told};
    use ridecast_protocol::UserId;

    #[test]
    fn what_the_script_completes_is_what_others_read() {
        let told = Told {
            to: Address::driver(&UserId::new("a \"quoted\" name").unwrap()),
            at_ms: 5,
            event: "{\"kind\":\"chat\",\"text\":\"}\"}".to_owned(),
            offset: 9_007_199_254_740_991,
        };
        let tell = Tell {
            to: told.to.clone(),
            at_ms: told.at_ms,
            event: told.event.clone(),
        };
        let json = format!("{}{}}}", told_but_for_the_offset(&tell), told.offset);
        assert_eq!(serde_json::from_str::<Told>(&json).unwrap(), told);
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(outcome("conflict"), Some(Outcome::Conflict));
        assert_eq!(outcome("done"), Some(Outcome::Done(vec![])));
        assert_eq!(outcome("done 1 20"), Some(Outcome::Done(vec![1, 20])));
        for nonsense in ["", "OK", "done x", "1 2"] {
            assert_eq!(outcome(nonsense), None, "{nonsense}");
        }
    }
}
