//! Which pages may ask: those of the service's own origin, and those of a list.
//!
//! A browser says where the page is from that asks, and keeps answers from pages that may not have
//! them. But it opens a WebSocket for every page, and sends what needs no preflight: so who may
//! not is refused here.

use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::ResponseError as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::web;
use ridecast_protocol::{ErrorBody, ErrorCode};

use super::Error;

/// Scheme, host and port of a page, in lower case; or `*`, which is any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// No origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an origin is a scheme and a host, as in https://ride.example.com, or * for any")]
pub struct InvalidOrigin;

impl Origin {
    /// As a browser says it: no path, no slash at the end, no port that is the scheme's own.
    ///
    /// # Errors
    /// [`InvalidOrigin`].
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.to_ascii_lowercase();
        if text == "*" {
            return Ok(Self(text));
        }
        let (scheme, host) = text.split_once("://").ok_or(InvalidOrigin)?;
        let sound = |c: char| c.is_ascii_alphanumeric() || ".-:[]+_".contains(c);
        if scheme.is_empty() || host.is_empty() || !text.replace("://", "").chars().all(sound) {
            return Err(InvalidOrigin);
        }
        let host = host.strip_suffix(own_port(scheme)).unwrap_or(host);
        Ok(Self(format!("{scheme}://{host}")))
    }
}

/// The port that goes without saying.
fn own_port(scheme: &str) -> &'static str {
    match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => ":",
    }
}

/// The origins whose pages may ask, beside the service's own.
#[derive(Debug, Clone, Default)]
pub struct Origins(pub Vec<Origin>);

impl Origins {
    /// Whether a page of that origin may ask at all.
    fn allow(&self, origin: &[u8], head: &RequestHead) -> bool {
        let Ok(origin) = str::from_utf8(origin) else {
            return false;
        };
        self.list(origin) || is_own(origin, head)
    }

    fn list(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let mut all = self.0.iter();
        all.any(|allowed| allowed.0 == "*" || allowed.0 == origin)
    }
}

/// Whether the page is the service's own: which scheme it was asked by, a service behind a proxy
/// does not know.
fn is_own(origin: &str, head: &RequestHead) -> bool {
    let host = head.headers().get(HOST).and_then(|host| host.to_str().ok());
    let (Some(host), Ok(Origin(origin))) = (host, Origin::parse(origin)) else {
        return false;
    };
    let Some((scheme, own)) = origin.split_once("://") else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    host.strip_suffix(own_port(scheme)).unwrap_or(&host) == own
}

/// Refuses what a page asks that may not. Who is no page says no origin.
pub(super) async fn refuse_strangers<B: MessageBody>(
    origins: web::ThinData<Arc<Origins>>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    if let Some(origin) = request.headers().get(ORIGIN)
        && !origins.allow(origin.as_bytes(), request.head())
    {
        let message = "pages of this origin may not ask; the operator can allow it";
        let refusal = Error(ErrorBody::new(ErrorCode::Forbidden, message)).error_response();
        return Ok(request.into_response(refusal).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// For how long a browser remembers what it may ask.
const PREFLIGHT_FOR: Duration = Duration::from_hours(1);

/// Lets the browser of a page from the list have the answers.
pub(super) fn cors(origins: &Arc<Origins>) -> Cors {
    let origins = Arc::clone(origins);
    Cors::default()
        .allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|it| origins.list(it)))
        .allowed_methods([Method::GET, Method::POST, Method::DELETE])
        .allowed_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
        ])
        .max_age(usize::try_from(PREFLIGHT_FOR.as_secs()).ok())
        // Who may not has been refused; a page of the service's own needs no leave.
        .block_on_origin_mismatch(false)
}
