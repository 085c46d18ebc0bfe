use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, dev, web};
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use ridecast_protocol::{ErrorBody, ErrorCode, Role};

use super::Error;
use crate::auth::{Auth, AuthError, Person};

/// Who makes the request, by its `Authorization: Bearer`: a driver, a rider or an operator.
#[derive(Debug)]
pub struct Caller(pub Person);

/// Who makes a request that only administrators may.
#[derive(Debug)]
pub struct Administrator(pub Person);

impl Caller {
    pub(super) fn must_be(&self, roles: &[Role]) -> Result<(), Error> {
        if roles.contains(&self.0.role) {
            return Ok(());
        }
        Err(self.forbidden())
    }

    pub(super) fn forbidden(&self) -> Error {
        let role = self.0.role.as_str();
        let message = format!("the role `{role}` may not do that");
        Error(ErrorBody::new(ErrorCode::Forbidden, message))
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let caller = who(request);
        async move {
            let caller = Self(caller.await?);
            caller.must_be(&[Role::Driver, Role::Rider, Role::Operator])?;
            Ok(caller)
        }
        .boxed_local()
    }
}

impl FromRequest for Administrator {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let caller = who(request);
        async move {
            let caller = Caller(caller.await?);
            caller.must_be(&[Role::Admin])?;
            Ok(Self(caller.0))
        }
        .boxed_local()
    }
}

fn who(request: &HttpRequest) -> impl Future<Output = Result<Person, Error>> + 'static {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer "));
    let auth = request.app_data::<web::ThinData<Arc<Auth>>>();
    let checked = token.zip(auth).map(|(token, auth)| {
        let checked = auth.check_again(token);
        // Only of a token whose key is not known, more is needed than to look at it.
        let again = matches!(checked, Err(AuthError::UnknownKey));
        let again = again.then(|| (token.to_owned(), Arc::clone(&auth.0)));
        (checked, again)
    });
    async move {
        let Some((checked, again)) = checked else {
            return Err(Error(ErrorBody::new(
                ErrorCode::BadToken,
                "the request needs `Authorization: Bearer` and a token",
            )));
        };
        let checked = match again {
            Some((token, auth)) => match auth.learn(&token).await {
                Ok(()) => auth.check_again(&token),
                Err(error) => Err(error),
            },
            None => checked,
        };
        checked.map_err(|error| Error(error.into()))
    }
}
