use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use ridecast_protocol::{ErrorBody, ErrorCode, Role, UserId};
use serde::{Deserialize, Serialize};

use super::{Error, PageConfig};
use crate::auth::Auth;

/// For as long as anybody looks at a demo; its secret goes with it.
const GOOD_FOR: Duration = Duration::from_hours(30 * 24);

/// Whom a visitor wants to be.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    role: Role,
    /// Absent: somebody new.
    user: Option<UserId>,
}

/// Who they are then.
#[derive(Debug, Serialize)]
struct Given {
    token: String,
    user: UserId,
}

/// `POST /demo/token`: in a demo everybody may be anybody, but for the simulator's people.
pub(super) async fn token(
    wanted: web::Json<Wanted>,
    page: web::ThinData<Arc<PageConfig>>,
    auth: web::ThinData<Arc<Auth>>,
) -> Result<HttpResponse, Error> {
    let Some(demo) = &page.demo else {
        return super::error::not_found().await;
    };
    let Wanted { role, user } = wanted.into_inner();
    if role == Role::Admin {
        return Err(Error::invalid("`role` must be rider, driver or operator"));
    }
    let user = match user {
        None => somebody_new(role)?,
        Some(user) if user.as_str().starts_with(&demo.taken) => {
            let taken = &demo.taken;
            return Err(Error::invalid(format!(
                "names that begin with `{taken}` are the simulator's"
            )));
        }
        Some(user) => user,
    };
    let token = auth
        .sign(user.clone(), role, GOOD_FOR)
        .map_err(|error| Error(ErrorBody::new(ErrorCode::Unavailable, error.to_string())))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Given { token, user }))
}

fn somebody_new(role: Role) -> Result<UserId, Error> {
    let name = format!("{}-{:08x}", role.as_str(), rand::random::<u32>());
    UserId::new(name).map_err(|error| Error::invalid(error.to_string()))
}
