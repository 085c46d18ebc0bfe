use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, dev, web};
use ridecast_protocol::{ErrorBody, ErrorCode, Role};

use super::Error;
use crate::auth::{Auth, Person};

/// Who makes the request, by its `Authorization: Bearer`.
#[derive(Debug)]
pub struct Caller(pub Person);

impl Caller {
    pub(super) fn must_be(&self, roles: &[Role]) -> Result<(), Error> {
        let role = self.0.role;
        if roles.contains(&role) {
            return Ok(());
        }
        Err(Error(ErrorBody::new(
            ErrorCode::Forbidden,
            format!("the role `{}` may not do that", role.as_str()),
        )))
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        let bad = |message: String| Error(ErrorBody::new(ErrorCode::BadToken, message));
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|header| header.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        let auth = request.app_data::<web::ThinData<Arc<Auth>>>();
        ready(match (token, auth) {
            (Some(token), Some(auth)) => auth
                .check_again(token)
                .map(Self)
                .map_err(|error| bad(error.to_string())),
            _ => Err(bad(
                "the request needs `Authorization: Bearer` and a token".into()
            )),
        })
    }
}
