//! The TypeScript side of the wire is made from these types, so that it can
//! never say anything else: a test compares, and rewrites on request.

use std::path::Path;

use ts_rs::{Config, TS};

use crate::{
    Ack, AnswerOffer, Arrive, Bye, CancelRide, Cancelled, Channel, ChatMessage, ChatPage,
    ClientMessage, CloseCode, DeadWebhook, DeadWebhooks, Density, DensityCell, DensityMessage,
    DriverCard, ErrorBody, ErrorCode, Estimate, Eta, Event, Found, GoOnline, Heartbeat, Hello,
    History, IdempotencyKey, InboxPlace, Nearby, NearbyVehicles, Notice, Offer, OfferId,
    OfferState, Party, Place, Position, Positions, PositionsJudged, PostPositions, Progress,
    QuickReply, ReadChat, Receipt, Refused, RequestId, RequestRide, Resume, Revocation,
    Revocations, Revoke, Ride, RideChannel, RideCount, RideCounts, RideId, RideState, RideStep,
    RidesPage, Role, Route, RouteBy, Search, SendChat, ServerMessage, SessionId, Setback,
    ShareLink, ShareMessage, SharedRide, Subscribe, SubscriptionName, Ticket, TokenExpiring,
    TokenId, Toward, Trail, Trip, Unsubscribe, UserId, VehicleCard, VehicleClass, VehicleId,
    VehicleInfo, VehicleState, VehicleUpdate, VehiclesMessage, Viewport, Webhook, Welcome,
};

const FILE: &str = "../web/sdk/protocol.gen.ts";
const REWRITE: &str = "RIDECAST_WRITE_TYPES";

#[expect(clippy::too_many_lines, reason = "a line for each type")]
fn declarations() -> String {
    let config = Config::default();
    let mut out = String::from(
        "// Made from the crate ridecast-protocol; do not edit.\n\
         // RIDECAST_WRITE_TYPES=1 cargo test -p ridecast-protocol\n",
    );
    macro_rules! declare {
        ($($type:ty),* $(,)?) => {
            $(
                out.push('\n');
                if let Some(docs) = <$type>::docs() {
                    out.push_str(docs.trim_end());
                    out.push('\n');
                }
                out.push_str("export ");
                out.push_str(&<$type>::decl(&config).replace(" \n", "\n"));
                out.push('\n');
            )*
        };
    }
    declare![
        UserId,
        TokenId,
        VehicleId,
        SessionId,
        SubscriptionName,
        VehicleClass,
        RideId,
        OfferId,
        IdempotencyKey,
        RequestId,
        Role,
        Position,
        VehicleInfo,
        VehicleState,
        VehicleUpdate,
        Place,
        RideState,
        Party,
        Cancelled,
        Setback,
        Search,
        Toward,
        Eta,
        Trip,
        DriverCard,
        Ride,
        OfferState,
        Offer,
        QuickReply,
        ChatMessage,
        Receipt,
        Notice,
        Event,
        Resume,
        Hello,
        GoOnline,
        Positions,
        Nearby,
        Viewport,
        RideChannel,
        Density,
        Channel,
        Subscribe,
        Unsubscribe,
        RequestRide,
        CancelRide,
        AnswerOffer,
        Arrive,
        RideStep,
        SendChat,
        ReadChat,
        Ack,
        ClientMessage,
        ErrorCode,
        ErrorBody,
        Refused,
        InboxPlace,
        Welcome,
        Progress,
        VehiclesMessage,
        DensityCell,
        DensityMessage,
        TokenExpiring,
        Bye,
        Heartbeat,
        ServerMessage,
        NearbyVehicles,
        VehicleCard,
        Found,
        Trail,
        History,
        PostPositions,
        PositionsJudged,
        Ticket,
        RidesPage,
        RideCount,
        RideCounts,
        ChatPage,
        ShareLink,
        SharedRide,
        ShareMessage,
        RouteBy,
        Estimate,
        Route,
        Webhook,
        DeadWebhook,
        DeadWebhooks,
        Revoke,
        Revocation,
        Revocations,
    ];
    out.push_str("\n/** Codes of the close frame; from 4500 on, do not reconnect. */\n");
    out.push_str("export const CloseCode = {\n");
    for code in [
        CloseCode::GoingAway,
        CloseCode::SlowConsumer,
        CloseCode::Replaced,
        CloseCode::Silent,
        CloseCode::Unavailable,
        CloseCode::TooManySessions,
        CloseCode::BadToken,
        CloseCode::Forbidden,
        CloseCode::ProtocolError,
        CloseCode::RateLimited,
        CloseCode::Over,
    ] {
        let line = format!("  {code:?}: {},\n", code.number());
        out.push_str(&line);
    }
    out.push_str("} as const;\n");
    out
}

#[test]
fn the_committed_types_are_those_of_this_crate() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let wanted = declarations();
    if std::env::var_os(REWRITE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == wanted,
        "{FILE} is stale: run {REWRITE}=1 cargo test -p ridecast-protocol"
    );
}
