//! Examples, read and written by the program's own types: a field that is misspelt, or of the
//! wrong type, is one that does not come back.

use ridecast_protocol::{
    ChatPage, DeadWebhooks, ErrorBody, Estimate, Found, History, NearbyVehicles, PositionsJudged,
    PostPositions, Request, Revocation, Revocations, Revoke, Ride, RideCounts, RidesPage, Route,
    ServerMessage, ShareLink, ShareMessage, SharedRide, Ticket, VehicleCard, Webhook,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a client sends.
pub(crate) fn from_client(example: &Value) {
    let request = Request::parse(&example.to_string());
    let request = request.unwrap_or_else(|error| panic!("{error} in {example}"));
    comes_back(&request, example);
}

/// What the service sends.
pub(crate) fn from_service(example: &Value) {
    read_and_written::<ServerMessage>(example);
}

/// What the viewers of a shared ride are sent.
pub(crate) fn to_viewers(example: &Value) {
    read_and_written::<ShareMessage>(example);
}

/// The body of a request or an answer, of the type of this name.
pub(crate) fn body(name: &str, example: &Value) {
    macro_rules! of {
        ($($type:ident),* $(,)?) => {
            match name {
                $(stringify!($type) => read_and_written::<$type>(example),)*
                _ => panic!("no body is a {name}"),
            }
        };
    }
    of![
        ChatPage,
        DeadWebhooks,
        ErrorBody,
        Estimate,
        Found,
        History,
        NearbyVehicles,
        PositionsJudged,
        PostPositions,
        Revocation,
        Revocations,
        Revoke,
        Ride,
        RideCounts,
        RidesPage,
        Route,
        ShareLink,
        SharedRide,
        Ticket,
        VehicleCard,
        Webhook,
    ];
}

fn read_and_written<T: DeserializeOwned + Serialize>(example: &Value) {
    let read = serde_json::from_str::<T>(&example.to_string());
    let read = read.unwrap_or_else(|error| panic!("{error} in {example}"));
    comes_back(&read, example);
}

fn comes_back(read: &impl Serialize, example: &Value) {
    let written = serde_json::to_string(read).unwrap();
    let written: Value = serde_json::from_str(&written).unwrap();
    assert!(
        same(&written, example),
        "an example says\n{example}\nof which is known\n{written}"
    );
}

/// Whether two say the same: 5 is 5.0.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, one)| other.get(name).is_some_and(|other| same(one, other));
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}
