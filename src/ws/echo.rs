//! For test suites of RFC 6455 and RFC 7692: says back what it hears, through the same frames,
//! the same hub and the same sockets as sessions. Only with the feature `conformance`.

use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, dev, web};
use futures_util::{Stream, StreamExt as _};

use super::deflate::Deflate;
use super::upgrade::Handover;
use super::{Arrival, Guest, agree, goodbye};
use crate::hub::{Format, Hub, Message, Seat};
use crate::session::{FAREWELL_OF_BROKEN, Incoming};

/// The largest that a suite sends.
pub(super) const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The suite's own route.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/conformance/echo", web::get().to(open));
}

async fn open(request: HttpRequest, hub: web::ThinData<Hub>) -> actix_web::Result<HttpResponse> {
    let nothing = web::Payload::from_request(&request, &mut dev::Payload::None).await?;
    let (mut response, ..) = actix_ws::handle(&request, nothing)?;
    let headers: &HeaderMap = request.headers();
    let deflate = agree(&mut response, Deflate::agree(headers));
    let (seat, feed) = hub.join(Format::Json);
    response.extensions_mut().insert(Handover::new(Arrival {
        seat,
        feed,
        deflate,
        guest: Guest::Suite,
    }));
    Ok(response)
}

pub(super) async fn echo(seat: Seat, mut frames: impl Stream<Item = Incoming> + Unpin) {
    while let Some(incoming) = frames.next().await {
        let reply = match incoming {
            Incoming::Text(text) => Message::Text(text.into_bytes()),
            Incoming::Binary(bytes) => Message::Binary(bytes),
            Incoming::Ping(payload) => Message::Pong(payload),
            Incoming::Pong => continue,
            Incoming::Close(code) => {
                let _ = seat.push(Message::Close { code, reason: "" });
                return;
            }
            Incoming::Broken { code, reason } => {
                let code = Some(code);
                let _ = seat.push(Message::Close { code, reason });
                seat.hang_up();
                return goodbye(&mut frames, FAREWELL_OF_BROKEN).await;
            }
        };
        while seat.push(reply.clone()).is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}
