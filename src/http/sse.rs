//! Server-sent events: what goes out to a session, as the body of a response that does not end.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use ridecast_protocol::{Heartbeat, ServerMessage};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::hub::{Feed, JOINED_BYTES, Message};
use crate::session::Incoming;
use crate::telemetry::now_ms;

/// The answer that carries a feed, and what a socket would bring of its client: a sign of life
/// whenever it takes something, and the end when it has gone.
pub(super) fn answer(
    feed: Feed,
    heartbeat: Duration,
) -> (HttpResponse, impl Stream<Item = Incoming> + 'static) {
    // One sign of life that waits to be seen says as much as many.
    let (signs, mut seen) = mpsc::channel(1);
    let response = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // nginx would gather events until a buffer is full.
        .insert_header(("x-accel-buffering", "no"))
        .body(Events::new(feed, signs, heartbeat));
    (response, stream::poll_fn(move |cx| seen.poll_recv(cx)))
}

/// It is asked for bytes when the connection can write.
struct Events {
    feed: Feed,
    signs: mpsc::Sender<Incoming>,
    heartbeat: Duration,
    begun: bool,
    over: bool,
}

/// When to come back if the connection ends without a word: not all at once.
const RETRY_MS: std::ops::Range<u64> = 1_000..3_000;

impl Events {
    const fn new(feed: Feed, signs: mpsc::Sender<Incoming>, heartbeat: Duration) -> Self {
        Self {
            feed,
            signs,
            heartbeat,
            begun: false,
            over: false,
        }
    }
}

impl MessageBody for Events {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let mut out = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            let _ = write!(out, "retry: {}\n\n", rand::random_range(RETRY_MS));
        }
        while !self.over && out.len() < JOINED_BYTES {
            match self.feed.poll_next(cx) {
                Poll::Ready(Some(message)) => self.over = !event(message, self.heartbeat, &mut out),
                Poll::Ready(None) => self.over = true,
                Poll::Pending if out.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if out.is_empty() {
            return Poll::Ready(None);
        }
        let _ = self.signs.try_send(Incoming::Pong);
        Poll::Ready(Some(Ok(out.into())))
    }
}

/// What an event is called, and what the client must know beside it.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    /// Of `welcome` and `inbox`: where to resume if nothing else comes.
    #[serde(borrow)]
    epoch: Option<Cow<'a, str>>,
    offset: Option<u64>,
    /// Of `bye`.
    reconnect_in_ms: Option<u64>,
}

/// Writes a message as an event. False: nothing follows.
fn event(message: Message, heartbeat: Duration, out: &mut String) -> bool {
    let (place, text) = match message {
        Message::Text(text) => (None, text),
        Message::Event { place, text } => (Some(place), text),
        // Not a comment: browsers keep those to themselves.
        Message::Ping => (None, beat(heartbeat)),
        Message::Close { .. } => return false,
        // Nobody asks for these.
        Message::Pong(_) | Message::Binary(_) => return true,
    };
    // Our own messages: JSON objects in UTF-8.
    let text = String::from_utf8_lossy(&text);
    let Ok(head) = serde_json::from_str::<Head<'_>>(&text) else {
        return true;
    };
    let place = place.or_else(|| Some(format!("{}.{}", head.epoch?, head.offset?)));
    if let Some(place) = place {
        let _ = writeln!(out, "id: {place}");
    }
    if let Some(reconnect_in_ms) = head.reconnect_in_ms {
        let _ = writeln!(out, "retry: {reconnect_in_ms}");
    }
    let _ = writeln!(out, "event: {}", head.kind);
    for line in text.split(['\r', '\n']) {
        let _ = writeln!(out, "data: {line}");
    }
    out.push('\n');
    true
}

fn beat(heartbeat: Duration) -> Bytes {
    let message = ServerMessage::Heartbeat(Heartbeat {
        heartbeat_ms: u64::try_from(heartbeat.as_millis()).unwrap_or(u64::MAX),
        server_time_ms: now_ms(),
    });
    // Our own type: two numbers.
    serde_json::to_vec(&message).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(message: Message) -> String {
        let mut out = String::new();
        assert!(event(message, Duration::from_millis(1_500), &mut out));
        out
    }

    #[test]
    fn a_place_is_told_wherever_one_could_resume_from_it() {
        let welcome = br#"{"type":"welcome","session":"s","epoch":"e.1","offset":7}"#;
        let text = String::from_utf8_lossy(welcome);
        assert_eq!(
            written(Message::Text(Bytes::from_static(welcome))),
            format!("id: e.1.7\nevent: welcome\ndata: {text}\n\n")
        );
        let text = br#"{"type":"event","offset":8,"event":{"kind":"ride"}}"#;
        let event = Message::Event {
            place: "e.1.8".to_owned(),
            text: Bytes::from_static(text),
        };
        assert!(written(event).starts_with("id: e.1.8\nevent: event\ndata: {"));
        let progress = Bytes::from_static(br#"{"type":"progress","ride_id":"r"}"#);
        assert!(written(Message::Text(progress)).starts_with("event: progress\n"));
    }

    #[test]
    fn the_browser_comes_back_when_bye_says() {
        let bye = br#"{"type":"bye","code":4000,"reason":"","reconnect_in_ms":965}"#;
        let out = written(Message::Text(Bytes::from_static(bye)));
        assert!(out.starts_with("retry: 965\nevent: bye\ndata: "), "{out}");
        let close = Message::Close {
            code: Some(4000),
            reason: "",
        };
        assert!(!event(close, Duration::ZERO, &mut String::new()));
    }

    #[test]
    fn a_ping_is_an_event_that_browsers_hear() {
        let out = written(Message::Ping);
        let data = out.strip_prefix("event: heartbeat\ndata: ").unwrap();
        let told: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(told["type"], "heartbeat");
        assert_eq!(told["heartbeat_ms"], 1_500);
        assert!((now_ms() - told["server_time_ms"].as_i64().unwrap()).abs() < 60_000);
        assert!(out.ends_with("\n\n"), "{out}");
    }

    #[test]
    fn a_line_break_ends_no_event() {
        let text = Bytes::from_static(b"{\"type\":\"event\",\n\n\"offset\":1}");
        assert_eq!(
            written(Message::Text(text)),
            "event: event\ndata: {\"type\":\"event\",\ndata: \ndata: \"offset\":1}\n\n"
        );
    }
}
