use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, HttpMessage as _};
use ridecast_protocol::{ErrorBody, ErrorCode};

use super::Gate;
use super::watch::{Attended, Watch};
use crate::http::Error;
use crate::telemetry::Limit;

/// Where sockets are opened, which costs more than a request does.
const HANDSHAKES: &str = "/v1/ws";

/// What every request passes first. It lays its [`Client`](super::Client) to the request.
///
/// # Errors
/// The limits of its address, and of its time; what the handlers say.
pub async fn pass(
    gate: Arc<Gate>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<Attended>, ActixError> {
    let watch = request.conn_data::<Rc<Watch>>().cloned();
    let busy = watch.as_ref().map(Watch::begin);
    let client = gate.client(request.peer_addr(), request.headers());
    if let Some(address) = client.limited_as() {
        let rate = if request.path() == HANDSHAKES {
            &gate.handshakes
        } else {
            &gate.requests
        };
        let taken = rate.take(&address, "your address", &gate.metrics);
        taken.map_err(|error| gate.refused(error))?;
    }
    request.extensions_mut().insert(client);
    let longest = gate.settings.request_timeout;
    let answered = tokio::time::timeout(longest, next.call(request)).await;
    let response = answered.map_err(|_| {
        gate.metrics.limited(Limit::RequestTimeout);
        gate.refused(ErrorBody::new(
            ErrorCode::TooSlow,
            format!("the request was not whole within {longest:?} (`request_timeout`)"),
        ))
    })??;
    if let Some(error) = response.response().error()
        && let Some(Error(error)) = error.as_error::<Error>()
    {
        gate.metrics.refused(error.code);
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(watch) = watch
    {
        watch.release();
    }
    Ok(response.map_body(|_, body| Attended::new(body, busy)))
}

impl Gate {
    fn refused(&self, error: ErrorBody) -> ActixError {
        self.metrics.refused(error.code);
        Error(error).into()
    }
}
