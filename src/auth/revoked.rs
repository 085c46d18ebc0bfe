use std::collections::HashMap;

use parking_lot::RwLock;
use ridecast_protocol::{Revocation, TokenId, UserId};

use super::Person;

/// Tokens that count no more although they have not expired.
#[derive(Debug, Default)]
pub struct Revoked(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    users: HashMap<UserId, Revocation>,
    tokens: HashMap<TokenId, Revocation>,
}

impl Revoked {
    /// So many may be in force at once.
    pub const MOST: usize = 50_000;

    /// From now on the tokens of this revocation are refused. Of two for the same user or token
    /// the later time counts, and the later end. False: too many are in force.
    pub fn add(&self, revocation: &Revocation, now_ms: i64) -> bool {
        let mut tables = self.0.write();
        if tables.len() >= Self::MOST {
            tables.forget(now_ms);
            if tables.len() >= Self::MOST {
                return false;
            }
        }
        if let Some(user) = &revocation.user {
            merge(tables.users.entry(user.clone()), revocation);
        }
        if let Some(token) = &revocation.jti {
            merge(tables.tokens.entry(token.clone()), revocation);
        }
        true
    }

    /// What is in force for this user, or this token.
    #[must_use]
    pub fn of(&self, user: Option<&UserId>, token: Option<&TokenId>) -> Option<Revocation> {
        let tables = self.0.read();
        let of_user = user.and_then(|user| tables.users.get(user));
        let of_token = token.and_then(|token| tables.tokens.get(token));
        of_user.or(of_token).cloned()
    }

    /// Whether this person's token is revoked.
    #[must_use]
    pub fn has(&self, person: &Person, now_ms: i64) -> bool {
        let tables = self.0.read();
        let of_user = tables.users.get(&person.user).is_some_and(|it| {
            // The second in which it was revoked counts as before: `iat` says no more.
            let is_older = |issued_at_s: i64| issued_at_s.saturating_mul(1000) <= it.revoked_at_ms;
            it.until_ms > now_ms && person.issued_at_s.is_none_or(is_older)
        });
        let token = person.token.as_ref().and_then(|it| tables.tokens.get(it));
        of_user || token.is_some_and(|it| it.until_ms > now_ms)
    }

    /// Forgets what is no longer in force; gives how many are.
    pub fn forget(&self, now_ms: i64) -> usize {
        let mut tables = self.0.write();
        tables.forget(now_ms);
        tables.len()
    }

    /// Those in force, the newest first.
    #[must_use]
    pub fn newest(&self, most: usize, now_ms: i64) -> Vec<Revocation> {
        let tables = self.0.read();
        let all = tables.users.values().chain(tables.tokens.values());
        let mut all: Vec<_> = all.filter(|it| it.until_ms > now_ms).cloned().collect();
        drop(tables);
        all.sort_by_key(|it| std::cmp::Reverse(it.revoked_at_ms));
        all.truncate(most);
        all
    }
}

impl Tables {
    fn len(&self) -> usize {
        self.users.len() + self.tokens.len()
    }

    fn forget(&mut self, now_ms: i64) {
        self.users.retain(|_, it| it.until_ms > now_ms);
        self.tokens.retain(|_, it| it.until_ms > now_ms);
    }
}

fn merge<K>(entry: std::collections::hash_map::Entry<'_, K, Revocation>, new: &Revocation) {
    let kept = entry.or_insert_with(|| new.clone());
    kept.revoked_at_ms = kept.revoked_at_ms.max(new.revoked_at_ms);
    kept.until_ms = kept.until_ms.max(new.until_ms);
}
