// Made from the crate ridecast-protocol; do not edit.
// RIDECAST_WRITE_TYPES=1 cargo test -p ridecast-protocol

/**
 * A person: the token's `sub`. A driver's is also the id of the vehicle.
 */
export type UserId = string;

/**
 * A vehicle as subscribers know it. For now the `sub` of the driver who drives it.
 */
export type VehicleId = string;

/**
 * One connection of one person, named by the server.
 */
export type SessionId = string;

/**
 * The client's own name for one of its subscriptions, unique within its session.
 */
export type SubscriptionName = string;

/**
 * What kind of vehicle it is, in the operator's own words (`car`, `van`, `bike`, `xl` …).
 */
export type VehicleClass = string;

/**
 * The client's number or text for a request; its one reply carries it back.
 */
export type RequestId = number | string;

/**
 * What a token allows its bearer to be.
 */
export type Role = "driver" | "rider" | "operator";

/**
 * One fix of one vehicle, as the driver's device reports it.
 *
 * A lost position is not an error: the next one replaces it.
 */
export type Position = {
/**
 * Degrees north, WGS 84, −90 to 90.
 */
latitude: number,
/**
 * Degrees east, WGS 84, −180 to 180.
 */
longitude: number,
/**
 * When the device took the fix, milliseconds since the Unix epoch, UTC.
 */
timestamp_ms: number,
/**
 * Radius of 68 % confidence, metres, at least 0. Absent: unknown.
 */
accuracy?: number,
/**
 * Direction of travel, degrees clockwise from true north, 0 to 360.
 * Absent: the server derives it from the way travelled.
 */
bearing?: number,
/**
 * Speed over ground, m/s, at least 0.
 * Absent: the server derives it from the way travelled.
 */
speed?: number, };

/**
 * What a driver says of the vehicle when going online.
 */
export type VehicleInfo = {
/**
 * The kind of vehicle; what `vehicle_class` of a `nearby` channel selects by.
 */
class: VehicleClass,
/**
 * Number plate, at most 64 bytes. Not pushed to subscribers.
 */
plate?: string,
/**
 * A name for people ("Line 7", "White Corsa"), at most 64 bytes. Not pushed to subscribers.
 */
label?: string, };

/**
 * Whether a vehicle is still heard. One that is gone is not listed at all.
 */
export type VehicleState = "online" | "silent";

/**
 * A vehicle as a subscriber sees it. The newest replaces all before it.
 */
export type VehicleUpdate = {
/**
 * Which vehicle.
 */
id: VehicleId,
/**
 * Degrees north, WGS 84, to 7 decimals (about 1 cm).
 */
latitude: number,
/**
 * Degrees east, WGS 84, to 7 decimals.
 */
longitude: number,
/**
 * Degrees clockwise from true north, 0 to 360. Absent: not known, it has not moved yet.
 */
bearing?: number,
/**
 * m/s. Absent: not known.
 */
speed?: number,
/**
 * When the driver's device took the fix, ms since the Unix epoch.
 */
timestamp_ms: number,
/**
 * The kind of vehicle.
 */
class: VehicleClass,
/**
 * Whether it is still heard.
 */
state: VehicleState, };

/**
 * Opens the session.
 */
export type Hello = {
/**
 * A signed token (JWT) with `sub`, `role` and `exp`.
 */
token?: string, };

/**
 * A driver starts working.
 */
export type GoOnline = {
/**
 * What is driven.
 */
vehicle: VehicleInfo, };

/**
 * Several fixes.
 */
export type Positions = {
/**
 * Oldest first, 1 to 1,000.
 */
positions: Array<Position>, };

/**
 * A true circle on the globe, also across the antimeridian and around a pole.
 */
export type Nearby = {
/**
 * Of the centre, degrees north.
 */
latitude: number,
/**
 * Of the centre, degrees east.
 */
longitude: number,
/**
 * Metres, above 0, at most the service's limit.
 */
radius_m: number,
/**
 * Only the nearest so many, kept right as they move: 1 to 1,000. Absent: all.
 */
limit?: number,
/**
 * Only vehicles of this class. Absent: all.
 */
vehicle_class?: VehicleClass, };

/**
 * A rectangle in degrees. `west` greater than `east` crosses the antimeridian.
 */
export type Viewport = {
/**
 * Degrees north, −90 to 90.
 */
south: number,
/**
 * Degrees east, −180 to 180.
 */
west: number,
/**
 * Degrees north, above `south`.
 */
north: number,
/**
 * Degrees east, −180 to 180.
 */
east: number,
/**
 * The map's zoom level, 0 to 24; for the service's information.
 */
zoom?: number, };

/**
 * What a subscription watches.
 */
export type Channel = { "kind": "nearby" } & Nearby | { "kind": "viewport" } & Viewport;

/**
 * A subscription, new or moved.
 */
export type Subscribe = {
/**
 * The client's own name for it.
 */
subscription: SubscriptionName,
/**
 * What to watch.
 */
channel: Channel,
/**
 * At most this many frames a second, above 0 and up to 50; several moves of a
 * vehicle in between arrive as its last one. Absent: as soon as the service can.
 */
max_rate_hz?: number, };

/**
 * Ends a subscription.
 */
export type Unsubscribe = {
/**
 * Its name.
 */
subscription: SubscriptionName, };

/**
 * A message from a client.
 */
export type ClientMessage = { "type": "hello" } & Hello | { "type": "go_online" } & GoOnline | { "type": "go_offline" } | { "type": "position" } & Position | { "type": "positions" } & Positions | { "type": "subscribe" } & Subscribe | { "type": "update" } & Subscribe | { "type": "unsubscribe" } & Unsubscribe | { "type": "ping" };

/**
 * What was wrong, for programs. These names never change their meaning.
 */
export type ErrorCode = "bad_json" | "unknown_type" | "invalid_message" | "message_too_large" | "bad_token" | "already_welcome" | "forbidden" | "not_online" | "position_out_of_range" | "position_in_future" | "position_too_late" | "position_out_of_order" | "position_jump" | "rate_limited" | "unknown_channel" | "invalid_area" | "area_too_large" | "too_many_subscriptions" | "subscription_exists" | "unknown_subscription" | "not_found" | "overloaded" | "unavailable";

/**
 * The one shape of an error: the fields of a socket's `error` message, and
 * the body of every REST answer that is not a success.
 */
export type ErrorBody = {
/**
 * For programs.
 */
code: ErrorCode,
/**
 * For people: says what to mend. Its wording may change.
 */
message: string,
/**
 * Whether the same request may succeed later without a change.
 */
retryable: boolean, };

/**
 * A position that was not accepted.
 */
export type Refused = {
/**
 * Its place in the request's list, from 0.
 */
index: number,
/**
 * Why.
 */
code: ErrorCode, };

/**
 * The session is open.
 */
export type Welcome = {
/**
 * The name of this session, for logs and support.
 */
session: SessionId,
/**
 * Whom the token names.
 */
user: UserId,
/**
 * What the token allows.
 */
role: Role,
/**
 * The server sends a protocol ping this often; a client that hears
 * nothing for twice as long should reconnect. Milliseconds.
 */
heartbeat_ms: number,
/**
 * The server's clock, ms since the Unix epoch: lets a client correct its own.
 */
server_time_ms: number, };

/**
 * Vehicles of one subscription.
 *
 * Newest wins: when a client reads slowly, several moves of a vehicle arrive
 * as its last one. What enters and what leaves is never lost.
 *
 * Apply `left` before `vehicles`: a vehicle that is gone and back since the
 * last message stands in both.
 */
export type VehiclesMessage = {
/**
 * Which of the client's subscriptions.
 */
subscription: SubscriptionName,
/**
 * True: `vehicles` is all there is, forget every other. False: a change.
 */
snapshot: boolean,
/**
 * New or changed vehicles, each whole.
 */
vehicles: Array<VehicleUpdate>,
/**
 * Vehicles that left the area or are gone.
 */
left: Array<VehicleId>, };

/**
 * The server is about to close the socket.
 */
export type Bye = {
/**
 * The code of the close frame that follows; see [`crate::CloseCode`].
 */
code: number,
/**
 * For people.
 */
reason: string,
/**
 * Reconnect after this many milliseconds. Absent: do not reconnect.
 */
reconnect_in_ms?: number, };

/**
 * A message from the server.
 */
export type ServerMessage = { "type": "welcome" } & Welcome | { "type": "vehicles" } & VehiclesMessage | { "type": "ok",
/**
 * The request's.
 */
id: RequestId,
/**
 * To `position` and `positions`: how many were accepted.
 */
accepted?: number,
/**
 * To `positions`: those not accepted, with their reasons. Absent: none.
 */
refused?: Array<Refused>, } | { "type": "error",
/**
 * The request's, if it had one that could be read.
 */
id?: RequestId,
/**
 * For programs.
 */
code: ErrorCode,
/**
 * For people: says what to mend. Its wording may change.
 */
message: string,
/**
 * Whether the same request may succeed later without a change.
 */
retryable: boolean, } | { "type": "pong",
/**
 * The ping's.
 */
id?: RequestId,
/**
 * Now, ms since the Unix epoch.
 */
server_time_ms: number, } | { "type": "bye" } & Bye;

/**
 * Answer of `GET /v1/vehicles`: nearest first.
 */
export type NearbyVehicles = {
/**
 * The vehicles within the circle, nearest first, at most `limit`.
 */
vehicles: Array<VehicleUpdate>,
/**
 * When the answer was made, ms since the Unix epoch.
 */
server_time_ms: number, };

/**
 * Body of `POST /v1/positions`: for drivers who cannot hold a socket.
 */
export type PostPositions = {
/**
 * Goes online with this vehicle. Absent: the driver is online already.
 */
vehicle?: VehicleInfo,
/**
 * Oldest first, at most as many as a `positions` message may carry.
 */
positions: Array<Position>, };

/**
 * Answer of `POST /v1/positions`.
 */
export type PositionsJudged = {
/**
 * How many positions were accepted.
 */
accepted: number,
/**
 * The others, each with its reason, in the order of the request.
 */
refused: Array<Refused>, };

/**
 * Answer of `POST /v1/tickets`.
 */
export type Ticket = {
/**
 * Opens one session as `GET /v1/ws?ticket=…`, once.
 */
ticket: string,
/**
 * For how long from now it does, milliseconds.
 */
expires_in_ms: number, };

/** Codes of the close frame; from 4500 on, do not reconnect. */
export const CloseCode = {
  GoingAway: 4000,
  SlowConsumer: 4001,
  Replaced: 4002,
  Silent: 4003,
  Unavailable: 4004,
  BadToken: 4500,
  Forbidden: 4501,
  ProtocolError: 4502,
  RateLimited: 4503,
} as const;
