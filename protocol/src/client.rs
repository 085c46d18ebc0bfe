use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::{
    Ack, AnswerOffer, Arrive, CancelRide, Density, ErrorBody, ErrorCode, Position, ReadChat,
    RequestId, RequestRide, Resume, RideId, RideStep, SendChat, SubscriptionName, VehicleClass,
    VehicleInfo,
};

/// A message from a client.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Opens the session when the upgrade request carried no token. In an open one, with a newer
    /// token of the same person and role: the session goes on for as long as that one is good.
    Hello(Hello),
    /// A driver starts working: from the first position on, the vehicle is shown.
    GoOnline(GoOnline),
    /// A driver stops working: the vehicle leaves every view at once.
    GoOffline,
    /// A driver's newest fix.
    Position(Position),
    /// Several fixes of a driver, as after a tunnel.
    Positions(Positions),
    /// Starts a subscription: a snapshot, then changes.
    Subscribe(Subscribe),
    /// Moves a subscription: only what entered and what left is sent.
    Update(Subscribe),
    /// Ends a subscription.
    Unsubscribe(Unsubscribe),
    /// A rider asks for a ride.
    RequestRide(RequestRide),
    /// A rider, driver or operator gives a ride up.
    CancelRide(CancelRide),
    /// A driver takes a ride.
    AcceptOffer(AnswerOffer),
    /// A driver does not want a ride.
    DeclineOffer(AnswerOffer),
    /// The driver waits at the pickup.
    Arrive(Arrive),
    /// The rider is on board.
    StartRide(RideStep),
    /// The ride is at its end.
    CompleteRide(RideStep),
    /// An operator takes a ride from its driver, to be offered to others.
    ReassignRide(RideStep),
    /// Rider or driver says something to the other.
    SendChat(SendChat),
    /// Rider or driver has read what the other said.
    ReadChat(ReadChat),
    /// Events have arrived.
    Ack(Ack),
    /// Browsers cannot see protocol pings: answered by `pong`.
    Ping,
}

impl ClientMessage {
    /// Whether carrying it out means to ask the store: such messages are carried out in order
    /// among themselves, while positions and subscriptions overtake them.
    #[must_use]
    pub const fn is_about_rides(&self) -> bool {
        matches!(
            self,
            Self::RequestRide(_)
                | Self::CancelRide(_)
                | Self::AcceptOffer(_)
                | Self::DeclineOffer(_)
                | Self::Arrive(_)
                | Self::StartRide(_)
                | Self::CompleteRide(_)
                | Self::ReassignRide(_)
                | Self::SendChat(_)
                | Self::ReadChat(_)
                | Self::Subscribe(Subscribe {
                    channel: Channel::Ride(_),
                    ..
                })
        )
    }
}

/// A message with the id that its one reply will carry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Absent: a success is not answered, an error is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// What is asked.
    #[serde(flatten)]
    pub message: ClientMessage,
}

/// Opens the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Hello {
    /// A signed token (JWT) with `sub`, `role` and `exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where the events have been seen up to. Absent: only new ones are sent. In an open session
    /// it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// A driver starts working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct GoOnline {
    /// What is driven.
    pub vehicle: VehicleInfo,
}

/// Several fixes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Positions {
    /// Oldest first, 1 to 1,000.
    #[cfg_attr(test, schemars(length(min = 1, max = Positions::MAX)))]
    pub positions: Vec<Position>,
}

impl Positions {
    /// How many positions one message may carry.
    pub const MAX: usize = 1_000;
}

/// A subscription, new or moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Subscribe {
    /// The client's own name for it.
    pub subscription: SubscriptionName,
    /// What to watch.
    pub channel: Channel,
    /// At most this many frames a second, above 0 and up to 50; several moves of a
    /// vehicle in between arrive as its last one. Absent: as soon as the service can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0, "maximum" = 50)))]
    pub max_rate_hz: Option<f32>,
}

/// Ends a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct Unsubscribe {
    /// Its name.
    pub subscription: SubscriptionName,
}

/// What a subscription watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Channel {
    /// The vehicles in a circle.
    Nearby(Nearby),
    /// The vehicles on a map.
    Viewport(Viewport),
    /// The vehicle of one ride, as long as it has one.
    Ride(RideChannel),
    /// How many vehicles are in each cell of a map. For operators.
    Density(Density),
}

/// A true circle on the globe, also across the antimeridian and around a pole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Nearby {
    /// Of the centre, degrees north.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub latitude: f64,
    /// Of the centre, degrees east.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub longitude: f64,
    /// Metres, above 0, at most the service's limit.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    pub radius_m: f64,
    /// Only the nearest so many, kept right as they move: 1 to 1,000. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 1, max = 1_000)))]
    pub limit: Option<u32>,
    /// Only vehicles of this class. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_class: Option<VehicleClass>,
}

/// A rectangle in degrees. `west` greater than `east` crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[cfg_attr(test, ts(optional_fields))]
pub struct Viewport {
    /// Degrees north, −90 to 90.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub south: f64,
    /// Degrees east, −180 to 180.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub west: f64,
    /// Degrees north, above `south`.
    #[cfg_attr(test, schemars(range(min = -90, max = 90)))]
    pub north: f64,
    /// Degrees east, −180 to 180.
    #[cfg_attr(test, schemars(range(min = -180, max = 180)))]
    pub east: f64,
    /// The map's zoom level, 0 to 24; for the service's information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(range(min = 0, max = 24)))]
    pub zoom: Option<f32>,
}

/// One's own ride, or for operators any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub struct RideChannel {
    /// Which ride.
    pub ride_id: RideId,
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct BadMessage {
    /// The request's id, where it could be read.
    pub id: Option<RequestId>,
    /// What to tell the client.
    pub error: ErrorBody,
}

impl Request {
    /// Reads one text frame.
    ///
    /// The text is read twice: once for `type` and `id`, so that even a message
    /// with a bad field is answered under its id, and once for the fields of
    /// that type, straight into them. Unknown fields are ignored, so that a
    /// newer client may talk to an older server.
    ///
    /// # Errors
    /// [`BadMessage`] with [`ErrorCode::BadJson`], [`ErrorCode::UnknownType`],
    /// [`ErrorCode::UnknownChannel`] or [`ErrorCode::InvalidMessage`].
    pub fn parse(text: &str) -> Result<Self, BadMessage> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(rename = "type", borrow)]
            kind: std::borrow::Cow<'a, str>,
            #[serde(default)]
            id: Option<RequestId>,
        }

        // Serde would take a list of the fields' values, too.
        if !is_object(text) {
            return Err(BadMessage {
                id: None,
                error: ErrorBody::new(ErrorCode::BadJson, "a message is one JSON object"),
            });
        }
        let head: Head<'_> =
            serde_json::from_str(text).map_err(|error| unreadable(text, &error))?;
        let id = head.id;
        let message = match &*head.kind {
            "position" => fields(text).map(ClientMessage::Position),
            "positions" => fields(text).map(ClientMessage::Positions),
            "ping" => Ok(ClientMessage::Ping),
            "subscribe" => fields(text).map(ClientMessage::Subscribe),
            "update" => fields(text).map(ClientMessage::Update),
            "unsubscribe" => fields(text).map(ClientMessage::Unsubscribe),
            "go_online" => fields(text).map(ClientMessage::GoOnline),
            "go_offline" => Ok(ClientMessage::GoOffline),
            "hello" => fields(text).map(ClientMessage::Hello),
            "request_ride" => fields(text).map(ClientMessage::RequestRide),
            "cancel_ride" => fields(text).map(ClientMessage::CancelRide),
            "accept_offer" => fields(text).map(ClientMessage::AcceptOffer),
            "decline_offer" => fields(text).map(ClientMessage::DeclineOffer),
            "arrive" => fields(text).map(ClientMessage::Arrive),
            "start_ride" => fields(text).map(ClientMessage::StartRide),
            "complete_ride" => fields(text).map(ClientMessage::CompleteRide),
            "reassign_ride" => fields(text).map(ClientMessage::ReassignRide),
            "send_chat" => fields(text).map(ClientMessage::SendChat),
            "read_chat" => fields(text).map(ClientMessage::ReadChat),
            "ack" => fields(text).map(ClientMessage::Ack),
            other => {
                let other: String = other.chars().take(64).collect();
                Err(ErrorBody::new(
                    ErrorCode::UnknownType,
                    format!("no message has the type {other:?}"),
                ))
            }
        };
        match message {
            Ok(message) => Ok(Self { id, message }),
            Err(error) => Err(BadMessage { id, error }),
        }
    }
}

fn fields<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ErrorBody> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The only other words that are chosen from a list are the quick replies.
        let code = if message.contains("unknown variant") && message.contains("`viewport`") {
            ErrorCode::UnknownChannel
        } else {
            ErrorCode::InvalidMessage
        };
        ErrorBody::new(code, message)
    })
}

/// Whether it is an object, if it is JSON.
fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// Tells a text that is no JSON from an object whose head is wrong.
fn unreadable(text: &str, error: &serde_json::Error) -> BadMessage {
    #[derive(Deserialize)]
    struct OnlyId {
        id: Option<RequestId>,
    }

    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let code = if is_json {
        ErrorCode::InvalidMessage
    } else {
        ErrorCode::BadJson
    };
    BadMessage {
        id: serde_json::from_str::<OnlyId>(text)
            .ok()
            .and_then(|head| head.id),
        error: ErrorBody::new(code, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ErrorCode {
        Request::parse(text).unwrap_err().error.code
    }

    #[test]
    fn a_request_survives_the_wire() {
        let request = Request {
            id: Some(RequestId::Number(7)),
            message: ClientMessage::Subscribe(Subscribe {
                subscription: SubscriptionName::new("near").unwrap(),
                channel: Channel::Nearby(Nearby {
                    latitude: -34.9,
                    longitude: -56.2,
                    radius_m: 1000.0,
                    limit: Some(5),
                    vehicle_class: None,
                }),
                max_rate_hz: Some(2.0),
            }),
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(
            text,
            r#"{"id":7,"type":"subscribe","subscription":"near","channel":{"kind":"nearby","latitude":-34.9,"longitude":-56.2,"radius_m":1000.0,"limit":5},"max_rate_hz":2.0}"#
        );
        assert_eq!(Request::parse(&text).unwrap(), request);
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        assert_eq!(code("hello"), ErrorCode::BadJson);
        assert_eq!(code("[1]"), ErrorCode::BadJson);
        assert_eq!(
            code(r#"["ping",7]"#),
            ErrorCode::BadJson,
            "the fields in order"
        );
        assert_eq!(code("{}"), ErrorCode::InvalidMessage);
        assert_eq!(code(r#"{"type":"teleport"}"#), ErrorCode::UnknownType);
        assert_eq!(
            code(r#"{"type":"ping","id":-1}"#),
            ErrorCode::InvalidMessage
        );
        assert_eq!(
            code(r#"{"type":"position","latitude":1,"longitude":1e999,"timestamp_ms":1}"#),
            ErrorCode::InvalidMessage,
            "a number that no double can hold"
        );
        assert_eq!(
            code(r#"{"type":"subscribe","subscription":"a","channel":{"kind":"galaxy"}}"#),
            ErrorCode::UnknownChannel
        );
    }

    #[test]
    fn a_bad_field_is_answered_under_the_requests_id() {
        let bad =
            Request::parse(r#"{"id":"p1","type":"position","latitude":"north"}"#).unwrap_err();
        assert_eq!(bad.id, Some(RequestId::Text("p1".into())));
        assert_eq!(bad.error.code, ErrorCode::InvalidMessage);
    }

    #[test]
    fn the_id_is_read_even_where_the_type_is_not() {
        for text in [
            r#"{"id":5}"#,
            r#"{"id":5,"type":7}"#,
            r#"{"type":null,"id":5}"#,
        ] {
            assert_eq!(
                Request::parse(text).unwrap_err().id,
                Some(RequestId::Number(5)),
                "{text}"
            );
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(Request::parse(r#"{"type":"ping","colour":"blue"}"#).is_ok());
    }
}
