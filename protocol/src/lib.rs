//! The wire of ridecast, version 1.
//!
//! A session is one WebSocket at `GET /v1/ws`. Every text frame in either
//! direction is one flat JSON object with a `type`: a [`ClientMessage`] on the
//! way in, a [`ServerMessage`] on the way out. With the subprotocol
//! [`SUBPROTOCOL_BIN`] the same holds, but batches of vehicles come as the
//! compact frames of [`binary`]. `docs/protocol.md` tells it in prose.
//!
//! This crate imports nothing else of ridecast, so that anyone may import it.

pub mod binary;
mod card;
mod client;
mod close;
mod density;
mod error;
mod event;
mod history;
mod id;
mod position;
mod rest;
mod ride;
mod route;
mod server;
mod vehicle;

pub use card::{Found, VehicleCard};
pub use client::{
    BadMessage, Channel, ClientMessage, GoOnline, Hello, Nearby, Positions, Request, RideChannel,
    Subscribe, Unsubscribe, Viewport,
};
pub use close::CloseCode;
pub use density::{Density, DensityCell, DensityMessage};
pub use error::{ErrorBody, ErrorCode};
pub use event::{
    Ack, ChatMessage, Event, Notice, Offer, OfferState, QuickReply, ReadChat, Receipt, Resume,
    SendChat,
};
pub use history::{History, Trail};
pub use id::{
    IdempotencyKey, InvalidName, OfferId, RequestId, RideId, SessionId, SubscriptionName, TokenId,
    UserId, VehicleClass, VehicleId,
};
pub use position::Position;
pub use rest::{
    ChatPage, DeadWebhook, DeadWebhooks, NearbyVehicles, PositionsJudged, PostPositions,
    Revocation, Revocations, Revoke, RideCount, RideCounts, RidesPage, ShareLink, ShareMessage,
    SharedRide, Ticket, Webhook,
};
pub use ride::{
    AnswerOffer, Arrive, CancelRide, Cancelled, DriverCard, Eta, Party, Place, RequestRide, Ride,
    RideState, RideStep, Search, Setback, Toward, Trip,
};
pub use route::{Estimate, Route, RouteBy};
pub use server::{
    Bye, Heartbeat, InboxPlace, Progress, Refused, ServerMessage, TokenExpiring, VehiclesMessage,
    Welcome,
};
pub use vehicle::{Role, VehicleInfo, VehicleState, VehicleUpdate};

/// Subprotocol in which everything is JSON text. Also spoken when none is offered.
pub const SUBPROTOCOL_JSON: &str = "ridecast.v1.json";
/// Subprotocol in which batches of vehicles come as frames of [`binary`].
pub const SUBPROTOCOL_BIN: &str = "ridecast.v1.bin";

#[cfg(test)]
mod golden;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod typescript;
