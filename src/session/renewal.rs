//! How long a session may last: as long as its token, and longer with a newer one.

use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt as _, AsyncContext as _, Context, WrapFuture as _};
use ridecast_protocol::{
    CloseCode, ErrorBody, ErrorCode, Hello, RequestId, ServerMessage, TokenExpiring,
};

use super::actor::{End, SessionActor};
use super::{Done, Part};
use crate::auth::{AuthError, Person};
use crate::telemetry::now_ms;

/// So long before the end the client is told, or a tenth of what is left, if that is less.
const WARNING: Duration = Duration::from_mins(1);
const PART: u32 = 10;

impl<P: Part> SessionActor<P> {
    /// Ends with its token, and says so before.
    pub(super) fn expire_in_time(&mut self, ctx: &mut Context<Self>) {
        let left = self.session.person.valid_for(now_ms());
        let warning = WARNING.min(left / PART);
        let warn = ctx.run_later(left.saturating_sub(warning), |actor, ctx| {
            let left = actor.session.person.valid_for(now_ms());
            let told = actor
                .session
                .send(&ServerMessage::TokenExpiring(TokenExpiring {
                    expires_in_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
                }));
            if told.is_err() {
                return actor.end(&End::because(CloseCode::SlowConsumer), ctx);
            }
            actor.expiry = Some(ctx.run_later(left, |actor, ctx| {
                actor.end(&End::because(CloseCode::BadToken), ctx);
            }));
        });
        if let Some(before) = self.expiry.replace(warn) {
            ctx.cancel_future(before);
        }
    }

    /// Whether what was known when the token was checked still holds. What is revoked is refused
    /// first and its sessions are looked for then: one that begins in between finds it here.
    pub(super) fn end_if_revoked(&mut self, ctx: &mut Context<Self>) {
        let session = &self.session;
        if session.auth.revoked().has(&session.person, now_ms()) {
            self.end(&End::because(CloseCode::BadToken), ctx);
        }
    }

    /// `hello` in an open session.
    pub(super) fn renew(
        &mut self,
        id: Option<RequestId>,
        hello: Hello,
        ctx: &mut Context<Self>,
    ) -> Result<(), CloseCode> {
        let Some(token) = hello.token else {
            let error = ErrorBody::new(
                ErrorCode::AlreadyWelcome,
                "the session is open already; another `hello` must bring a `token`",
            );
            return self.session.answer(id, Err(error));
        };
        if std::mem::replace(&mut self.is_renewing, true) {
            let error = ErrorBody::new(
                ErrorCode::RateLimited,
                "the token of the `hello` before is still being looked at",
            );
            return self.session.answer(id, Err(error));
        }
        let auth = Arc::clone(&self.session.auth);
        // A task of its own: the key may have to be fetched, and positions must not wait for that.
        let checking = async move { auth.admit(&token).await };
        ctx.spawn(checking.into_actor(self).map(|checked, actor, ctx| {
            actor.is_renewing = false;
            if actor.closing {
                return;
            }
            let result = actor.renewed(checked, ctx);
            let is_bad = matches!(&result, Err(error) if error.code == ErrorCode::BadToken);
            let answered = actor.session.answer(id, result);
            let code = match answered {
                Ok(()) if is_bad && !actor.throttle.malformed() => CloseCode::ProtocolError,
                Ok(()) => return,
                Err(code) => code,
            };
            actor.end(&End::because(code), ctx);
        }));
        Ok(())
    }

    fn renewed(
        &mut self,
        checked: Result<Person, AuthError>,
        ctx: &mut Context<Self>,
    ) -> Result<Done, ErrorBody> {
        let person = checked?;
        let old = &self.session.person;
        if (&person.user, person.role) != (&old.user, old.role) {
            return Err(ErrorBody::new(
                ErrorCode::AlreadyWelcome,
                "the session is open already, for another person or role",
            ));
        }
        let is_longer = person.expires_at_s != old.expires_at_s;
        self.session.person = person;
        let (id, person) = (&self.session.id, &self.session.person);
        self.sessions.renewed(id, person);
        if is_longer {
            self.expire_in_time(ctx);
        }
        self.end_if_revoked(ctx);
        Ok(Done::default())
    }
}
