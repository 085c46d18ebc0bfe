// Made from the crate ridecast-protocol; do not edit.
// RIDECAST_WRITE_TYPES=1 cargo test -p ridecast-protocol

/**
 * A person: the token's `sub`. A driver's is also the id of the vehicle.
 */
export type UserId = string;

/**
 * A token: its claim `jti`.
 */
export type TokenId = string;

/**
 * A vehicle as its reader knows it: the `sub` of its driver, or to riders a pseudonym that lives
 * some minutes, until they have a ride with it.
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
 * One ride, named by the server.
 */
export type RideId = string;

/**
 * One offer of one ride to one driver, named by the server.
 */
export type OfferId = string;

/**
 * The client's own name for one wish, so that asking twice does not wish twice.
 */
export type IdempotencyKey = string;

/**
 * The client's number or text for a request; its one reply carries it back.
 */
export type RequestId = number | string;

/**
 * What a token allows its bearer to be.
 */
export type Role = "driver" | "rider" | "operator" | "admin";

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
 * Where somebody wants to be picked up or dropped off.
 */
export type Place = {
/**
 * Degrees north, WGS 84, −90 to 90.
 */
latitude: number,
/**
 * Degrees east, WGS 84, −180 to 180.
 */
longitude: number,
/**
 * For people ("Rambla 1234, at the gate"), at most 200 bytes.
 */
address?: string, };

/**
 * How far a ride has come.
 */
export type RideState = "requested" | "offered" | "accepted" | "arrived" | "in_progress" | "completed" | "cancelled" | "expired";

/**
 * Which side did something.
 */
export type Party = "rider" | "driver" | "system";

/**
 * The end before the end.
 */
export type Cancelled = {
/**
 * Who gave it up.
 */
by: Party,
/**
 * How far the ride had come: what it costs follows from that.
 */
stage: RideState,
/**
 * In the words of who cancelled, at most 200 bytes.
 */
reason?: string, };

/**
 * Why the last driver did not get the ride, or has it no more.
 */
export type Setback = "no_vehicle" | "declined" | "silent" | "driver_cancelled" | "reassigned";

/**
 * How the search for a driver goes.
 */
export type Search = {
/**
 * How many drivers have been offered the ride so far.
 */
offers: number,
/**
 * What happened last. Absent: nothing has gone wrong yet.
 */
setback?: Setback,
/**
 * While `offered`: when this driver's time is over, ms since the Unix epoch.
 */
offer_until_ms?: number,
/**
 * When the search is given up, ms since the Unix epoch.
 */
until_ms: number, };

/**
 * Where the way leads that is estimated.
 */
export type Toward = "pickup" | "dropoff";

/**
 * An estimated time of arrival.
 */
export type Eta = {
/**
 * To where.
 */
toward: Toward,
/**
 * Seconds of driving left.
 */
seconds: number,
/**
 * Metres of driving left.
 */
distance_m: number,
/**
 * When it was estimated, ms since the Unix epoch.
 */
at_ms: number, };

/**
 * A way from one place to another.
 */
export type Trip = {
/**
 * Seconds of driving.
 */
duration_s: number,
/**
 * Metres of driving.
 */
distance_m: number, };

/**
 * Who drives, as far as the reader may know it.
 */
export type DriverCard = {
/**
 * The driver's vehicle, as it stands in the `ride` channel.
 */
id: VehicleId,
/**
 * Class, plate and label, as the driver gave them.
 */
vehicle: VehicleInfo, };

/**
 * A ride as its reader may see it. Each is whole: it replaces the one before.
 */
export type Ride = {
/**
 * Which ride.
 */
ride_id: RideId,
/**
 * How far it has come.
 */
state: RideState,
/**
 * Counts its changes, from 1: of two copies, the one with the greater is the newer.
 */
version: number,
/**
 * Where from.
 */
pickup: Place,
/**
 * Where to.
 */
dropoff: Place,
/**
 * What kind of vehicle was asked for. Absent: any.
 */
vehicle_class?: VehicleClass,
/**
 * Who asked for it. Only operators are told.
 */
rider?: UserId,
/**
 * Who drives. Riders are told while the driver has the ride; operators always; the
 * driver, to whom it says nothing new, too.
 */
driver?: DriverCard,
/**
 * While a driver is being looked for.
 */
search?: Search,
/**
 * To the pickup while `accepted`, to the dropoff while `in_progress`: as of this change;
 * `progress` messages bring newer ones.
 */
eta?: Eta,
/**
 * The expected way from pickup to dropoff.
 */
trip?: Trip,
/**
 * When it was cancelled, by whom and why.
 */
cancelled?: Cancelled,
/**
 * When it was asked for, ms since the Unix epoch.
 */
requested_at_ms: number,
/**
 * When its driver accepted, ms since the Unix epoch.
 */
accepted_at_ms?: number,
/**
 * When its driver arrived, ms since the Unix epoch.
 */
arrived_at_ms?: number,
/**
 * When the rider got in, ms since the Unix epoch.
 */
started_at_ms?: number,
/**
 * When it was over, ms since the Unix epoch.
 */
ended_at_ms?: number,
/**
 * Metres driven with the rider on board. Known at the end.
 */
distance_m?: number,
/**
 * Seconds with the rider on board. Known at the end.
 */
duration_s?: number, };

/**
 * What has become of an offer.
 */
export type OfferState = "open" | "accepted" | "declined" | "expired" | "withdrawn";

/**
 * A ride offered to a driver.
 */
export type Offer = {
/**
 * Which offer; `accept_offer` and `decline_offer` name it.
 */
offer_id: OfferId,
/**
 * Which ride.
 */
ride_id: RideId,
/**
 * What has become of it. After a resume an offer whose time has passed is never `open`.
 */
state: OfferState,
/**
 * Where from.
 */
pickup: Place,
/**
 * Where to.
 */
dropoff: Place,
/**
 * What kind of vehicle was asked for. Absent: any.
 */
vehicle_class?: VehicleClass,
/**
 * How far the pickup is.
 */
eta: Eta,
/**
 * The expected way from pickup to dropoff.
 */
trip?: Trip,
/**
 * When its time is over, ms since the Unix epoch, by the service's clock.
 */
expires_at_ms: number, };

/**
 * Words that the app can show in its reader's language.
 */
export type QuickReply = "on_my_way" | "here" | "running_late" | "please_wait" | "cannot_find_you" | "all_right" | "thank_you";

/**
 * One message of a ride's chat.
 */
export type ChatMessage = {
/**
 * In which ride.
 */
ride_id: RideId,
/**
 * Its number within the chat, from 1, without holes.
 */
number: number,
/**
 * Who said it.
 */
from: Party,
/**
 * What was said, 1 to 1,000 characters. Absent: `quick` says it.
 */
text?: string,
/**
 * What was said, by one of the ready phrases.
 */
quick?: QuickReply,
/**
 * When, ms since the Unix epoch.
 */
at_ms: number, };

/**
 * How far the other side has got with what was said.
 */
export type Receipt = {
/**
 * In which ride.
 */
ride_id: RideId,
/**
 * Who has got that far.
 */
by: Party,
/**
 * The messages up to this number have arrived at one of their devices. 0: none.
 */
delivered: number,
/**
 * The messages up to this number were read. 0: none.
 */
read: number, };

/**
 * The vehicle is near the pickup or the dropoff.
 */
export type Notice = {
/**
 * Of which ride.
 */
ride_id: RideId,
/**
 * Near which of its ends.
 */
near: Toward, };

/**
 * What a person is told, once and for good.
 *
 * Events are kept in the person's inbox, numbered without holes from 1. Each
 * arrives at least once and in order; who resumes from the last number seen
 * gets each exactly once.
 */
export type Event = { "kind": "offer" } & Offer | { "kind": "ride" } & Ride | { "kind": "chat" } & ChatMessage | { "kind": "receipt" } & Receipt | { "kind": "notice" } & Notice;

/**
 * A place in an inbox: everything up to it has been seen.
 */
export type Resume = {
/**
 * The inbox's, from `welcome`.
 */
epoch: string,
/**
 * The newest event's that was seen; 0: none yet.
 */
offset: number, };

/**
 * Opens the session.
 */
export type Hello = {
/**
 * A signed token (JWT) with `sub`, `role` and `exp`.
 */
token?: string,
/**
 * Where the events have been seen up to. Absent: only new ones are sent. In an open session
 * it says nothing.
 */
resume?: Resume, };

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
 * One's own ride, or for operators any.
 */
export type RideChannel = {
/**
 * Which ride.
 */
ride_id: RideId, };

/**
 * How many vehicles are where, cell by cell: what a map shows that is too wide for each vehicle.
 * `west` greater than `east` crosses the antimeridian.
 */
export type Density = {
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
 * The map's zoom level, 0 to 24, of tiles of 512 pixels: decides how large the cells are.
 */
zoom: number,
/**
 * Only vehicles of this class. Absent: all.
 */
vehicle_class?: VehicleClass, };

/**
 * What a subscription watches.
 */
export type Channel = { "kind": "nearby" } & Nearby | { "kind": "viewport" } & Viewport | { "kind": "ride" } & RideChannel | { "kind": "density" } & Density;

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
 * A rider asks for a ride.
 */
export type RequestRide = {
/**
 * Where from.
 */
pickup: Place,
/**
 * Where to.
 */
dropoff: Place,
/**
 * Only vehicles of this class. Absent: any.
 */
vehicle_class?: VehicleClass,
/**
 * The client's own name for this wish. Asking again with the same key, for 24 hours, asks for
 * the same ride, however often.
 */
idempotency_key: IdempotencyKey, };

/**
 * A rider, driver or operator gives a ride up.
 */
export type CancelRide = {
/**
 * Which.
 */
ride_id: RideId,
/**
 * For the others, at most 200 bytes.
 */
reason?: string, };

/**
 * A driver's answer to an offer.
 */
export type AnswerOffer = {
/**
 * Which offer.
 */
offer_id: OfferId, };

/**
 * The driver waits at the pickup.
 */
export type Arrive = {
/**
 * Which ride.
 */
ride_id: RideId,
/**
 * True: although the service thinks that the vehicle is elsewhere. Absent: false.
 */
force?: boolean, };

/**
 * A step of a ride that needs no more words.
 */
export type RideStep = {
/**
 * Which ride.
 */
ride_id: RideId, };

/**
 * Somebody says something in a ride's chat: `text` or `quick`, one of them.
 */
export type SendChat = {
/**
 * In which ride.
 */
ride_id: RideId,
/**
 * 1 to 1,000 characters.
 */
text?: string,
/**
 * One of the ready phrases.
 */
quick?: QuickReply,
/**
 * The client's own name for this message. Sending again with the same key, as long as it is
 * among the last 100 messages with this driver, is the same message.
 */
idempotency_key: IdempotencyKey, };

/**
 * The other side's messages were read.
 */
export type ReadChat = {
/**
 * In which ride.
 */
ride_id: RideId,
/**
 * Up to this number.
 */
number: number, };

/**
 * The events up to an offset have arrived.
 */
export type Ack = {
/**
 * The newest event's; those before are acknowledged with it.
 */
offset: number, };

/**
 * A message from a client.
 */
export type ClientMessage = { "type": "hello" } & Hello | { "type": "go_online" } & GoOnline | { "type": "go_offline" } | { "type": "position" } & Position | { "type": "positions" } & Positions | { "type": "subscribe" } & Subscribe | { "type": "update" } & Subscribe | { "type": "unsubscribe" } & Unsubscribe | { "type": "request_ride" } & RequestRide | { "type": "cancel_ride" } & CancelRide | { "type": "accept_offer" } & AnswerOffer | { "type": "decline_offer" } & AnswerOffer | { "type": "arrive" } & Arrive | { "type": "start_ride" } & RideStep | { "type": "complete_ride" } & RideStep | { "type": "reassign_ride" } & RideStep | { "type": "send_chat" } & SendChat | { "type": "read_chat" } & ReadChat | { "type": "ack" } & Ack | { "type": "ping" };

/**
 * What was wrong, for programs. These names never change their meaning.
 */
export type ErrorCode = "bad_json" | "unknown_type" | "invalid_message" | "message_too_large" | "bad_token" | "already_welcome" | "forbidden" | "not_online" | "position_out_of_range" | "position_in_future" | "position_too_late" | "position_out_of_order" | "position_jump" | "rate_limited" | "unknown_channel" | "invalid_area" | "area_too_large" | "too_many_subscriptions" | "subscription_exists" | "unknown_subscription" | "unknown_ride" | "wrong_ride_state" | "offer_over" | "too_far" | "open_ride_exists" | "chat_closed" | "idempotency_key_reused" | "not_found" | "overloaded" | "too_many_sessions" | "too_slow" | "unavailable";

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
 * Where the person's inbox stands when the session begins.
 */
export type InboxPlace = {
/**
 * Offsets of another epoch mean nothing in this one.
 */
epoch: string,
/**
 * The offset before the first event that this session will get.
 */
offset: number,
/**
 * To a `resume`. True: all events after it follow. False: they are not all kept any more;
 * fetch the rides anew and begin here. Absent: no `resume` came.
 */
recovered?: boolean, };

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
server_time_ms: number,
/**
 * As in [`InboxPlace`]. Absent: the store is away; an `inbox` message tells it later.
 */
epoch?: string,
/**
 * As in [`InboxPlace`].
 */
offset?: number,
/**
 * As in [`InboxPlace`].
 */
recovered?: boolean, };

/**
 * How far a driven ride has come.
 */
export type Progress = {
/**
 * Which ride.
 */
ride_id: RideId,
/**
 * What is left of the way.
 */
eta: Eta, };

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
 * How many vehicles are in a cell.
 */
export type DensityCell = {
/**
 * The H3 cell, 15 hex digits.
 */
cell: string,
/**
 * All of them, at least 1.
 */
vehicles: number,
/**
 * Those of them that are silent.
 */
silent: number,
/**
 * Those of them that a ride has taken.
 */
busy: number,
/**
 * Its corners, `[longitude, latitude]` in degrees, counter-clockwise, the first not
 * repeated: mostly six. Longitudes go beyond ±180 where it crosses the antimeridian. Absent:
 * as told when it entered.
 */
outline?: Array<[number, number]>, };

/**
 * How many vehicles are in the cells of one subscription.
 *
 * Newest wins: who reads slowly gets fewer messages, each about what has changed since the last.
 */
export type DensityMessage = {
/**
 * Which of the client's subscriptions.
 */
subscription: SubscriptionName,
/**
 * True: `cells` is all there is, forget every other. False: a change.
 */
snapshot: boolean,
/**
 * The H3 resolution of the cells.
 */
resolution: number,
/**
 * Cells with vehicles in them, that are new or whose counts have changed.
 */
cells: Array<DensityCell>,
/**
 * Cells that have no vehicle any more.
 */
left: Array<string>,
/**
 * Vehicles in all cells together, those that are not told anew included.
 */
vehicles: number, };

/**
 * The session's token expires soon.
 */
export type TokenExpiring = {
/**
 * In so many milliseconds the service closes with 4500.
 */
expires_in_ms: number, };

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
 * The stream lives: sent every `heartbeat_ms`, whatever else is.
 */
export type Heartbeat = {
/**
 * How often it comes, ms. Who hears nothing for more than twice that opens the stream anew.
 */
heartbeat_ms: number,
/**
 * Now, ms since the Unix epoch.
 */
server_time_ms: number, };

/**
 * A message from the server.
 */
export type ServerMessage = { "type": "welcome" } & Welcome | { "type": "inbox" } & InboxPlace | { "type": "event",
/**
 * Its number in the person's inbox: the one before, plus one.
 */
offset: number,
/**
 * When it happened, ms since the Unix epoch.
 */
at_ms: number,
/**
 * What happened.
 */
event: Event, } | { "type": "progress" } & Progress | { "type": "vehicles" } & VehiclesMessage | { "type": "density" } & DensityMessage | { "type": "ok",
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
refused?: Array<Refused>,
/**
 * To what changes a ride: the ride as it is then.
 */
ride?: Ride,
/**
 * To `send_chat`: the message's number within the chat.
 */
number?: number, } | { "type": "error",
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
server_time_ms: number, } | { "type": "token_expiring" } & TokenExpiring | { "type": "bye" } & Bye | { "type": "heartbeat" } & Heartbeat;

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
 * All that is known of a vehicle now. Answer of `GET /v1/vehicles/{id}`.
 */
export type VehicleCard = {
/**
 * Where it is and whether it is heard.
 */
vehicle: VehicleUpdate,
/**
 * What its driver said of it.
 */
info: VehicleInfo,
/**
 * The ride it drives. Absent: none.
 */
ride?: Ride, };

/**
 * Answer of `GET /v1/search`.
 */
export type Found = {
/**
 * The vehicles, those first whose id, plate or label begins with the text.
 */
vehicles: Array<VehicleCard>,
/**
 * The rides, the newest request first.
 */
rides: Array<Ride>, };

/**
 * Where one vehicle was: columns of one length, an entry for each fix, the oldest first.
 *
 * Between two fixes that are `every_ms` apart or so it drove from one to the other. When they are
 * more than 20 s apart, it was not heard, or was outside the area asked for.
 */
export type Trail = {
/**
 * Which vehicle.
 */
id: VehicleId,
/**
 * The kind of vehicle, as it was last.
 */
class: VehicleClass,
/**
 * When the service heard it there, ms since the Unix epoch, to a tenth of a second.
 */
times_ms: Array<number>,
/**
 * Where: longitude and latitude, degrees, WGS 84, to 6 decimals (about 11 cm).
 */
line: Array<[number, number]>,
/**
 * 1: a ride had taken it, 0: it was free.
 */
busy: Array<number>, };

/**
 * Answer of `GET /v1/history` and of `GET /v1/vehicles/{id}/trail`.
 */
export type History = {
/**
 * From when on, as asked, ms since the Unix epoch.
 */
from_ms: number,
/**
 * The answer has everything from `from_ms` to before this, ms since the Unix epoch: ask on
 * from here. Before the end asked for when that was more than is told at once, or too new.
 */
to_ms: number,
/**
 * Nothing is kept of the time before this, ms since the Unix epoch.
 */
kept_from_ms: number,
/**
 * How far apart the fixes of a vehicle that moves are, ms.
 */
every_ms: number,
/**
 * The vehicles, by their ids.
 */
vehicles: Array<Trail>, };

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

/**
 * Answer of `GET /v1/rides`: newest first.
 */
export type RidesPage = {
/**
 * The rides, the newest request first, each as the caller may see it.
 */
rides: Array<Ride>,
/**
 * The next page is `?before=` this. Absent: there is none.
 */
before?: string, };

/**
 * How many rides are in one state.
 */
export type RideCount = {
/**
 * The state.
 */
state: RideState,
/**
 * How many; of rides that are over, those that are still kept.
 */
rides: number, };

/**
 * Answer of `GET /v1/rides/counts`.
 */
export type RideCounts = {
/**
 * Every state, in the order of a ride's life.
 */
counts: Array<RideCount>, };

/**
 * Answer of `GET /v1/rides/{ride_id}/chat`: oldest first.
 */
export type ChatPage = {
/**
 * The messages of this page.
 */
messages: Array<ChatMessage>,
/**
 * How far rider and driver have got with each other's messages.
 */
receipts: Array<Receipt>,
/**
 * The page before is `?before=` this number. Absent: there is none.
 */
before?: number, };

/**
 * Answer of `POST /v1/rides/{ride_id}/share`.
 */
export type ShareLink = {
/**
 * Shows the ride to whoever has it: `GET /v1/share/{token}`.
 */
token: string,
/**
 * Until then, or until the ride is over, ms since the Unix epoch.
 */
expires_at_ms: number, };

/**
 * Answer of `GET /v1/share/{token}`: one ride for who has its link.
 */
export type SharedRide = {
/**
 * The ride, as its rider sees it.
 */
ride: Ride,
/**
 * Where its vehicle is. Absent: it has none, or it is not heard.
 */
vehicle?: VehicleUpdate,
/**
 * What is left of the way.
 */
eta?: Eta,
/**
 * The service's clock, ms since the Unix epoch.
 */
server_time_ms: number, };

/**
 * One event of `GET /v1/share/{token}/events`; its `type` is the event's name, too.
 */
export type ShareMessage = { "type": "ride" } & Ride | { "type": "vehicle" } & VehicleUpdate | { "type": "progress" } & Progress | { "type": "heartbeat" } & Heartbeat | { "type": "bye" } & Bye;

/**
 * Who said which way leads there.
 */
export type RouteBy = "osrm" | "roads" | "great_circle";

/**
 * Answer of `GET /v1/estimate`.
 */
export type Estimate = {
/**
 * Seconds of driving that the first free vehicle is from the pickup. Absent: there is none as
 * far around as drivers are looked for.
 */
wait_s?: number,
/**
 * How many free vehicles are as near as drivers are looked for, at most 100.
 */
vehicles: number,
/**
 * The way from pickup to dropoff.
 */
trip: Trip,
/**
 * Its line: longitude and latitude of each place, degrees, in driving order; 2 to 2,000.
 */
line: Array<[number, number]>,
/**
 * Who said so.
 */
by: RouteBy, };

/**
 * Answer of `GET /v1/rides/{ride_id}/route` and `GET /v1/share/{token}/route`: the way that lies
 * before the ride.
 */
export type Route = {
/**
 * Where it leads: in `accepted` to the pickup, from where the vehicle is; in `in_progress` to
 * the dropoff, from there too. Else, and where the vehicle is not heard, from the pickup to
 * the dropoff.
 */
toward: Toward,
/**
 * Metres of driving.
 */
distance_m: number,
/**
 * Seconds of driving.
 */
duration_s: number,
/**
 * Longitude and latitude of each place, degrees, in driving order; 2 to 2,000.
 */
line: Array<[number, number]>,
/**
 * Who said so.
 */
by: RouteBy,
/**
 * When it was looked for, ms since the Unix epoch.
 */
at_ms: number, };

/**
 * The body of a webhook: one change of a ride, as operators see it.
 */
export type Webhook = {
/**
 * Names the event for good: whoever gets it twice knows it by this.
 */
id: string,
/**
 * When it happened, ms since the Unix epoch.
 */
at_ms: number,
/**
 * What happened, with kind `ride`.
 */
event: Event, };

/**
 * A webhook that the backend refused again and again, while it took others.
 */
export type DeadWebhook = {
/**
 * The webhook's.
 */
id: string,
/**
 * When it happened, ms since the Unix epoch.
 */
at_ms: number,
/**
 * When it was given up, ms since the Unix epoch.
 */
given_up_at_ms: number,
/**
 * How often it was sent.
 */
attempts: number,
/**
 * What came back last, for people.
 */
reason: string,
/**
 * What it told.
 */
event: Event, };

/**
 * Answer of `GET /v1/webhooks/dead`: newest first.
 */
export type DeadWebhooks = {
/**
 * The webhooks that were given up.
 */
webhooks: Array<DeadWebhook>, };

/**
 * Body of `POST /v1/admin/revocations`: give `user` or `jti`, one of them.
 */
export type Revoke = {
/**
 * All tokens of this person that were issued until now, whatever their roles.
 */
user?: UserId,
/**
 * The one token of this id.
 */
jti?: TokenId,
/**
 * Until then, ms since the Unix epoch: not before the last of these tokens expires. Absent:
 * for as long as the service is set up to.
 */
until_ms?: number, };

/**
 * Tokens that count no more. Answer of `POST /v1/admin/revocations`.
 */
export type Revocation = {
/**
 * Whose. Absent: it is about one token.
 */
user?: UserId,
/**
 * Which. Absent: it is about all of a person.
 */
jti?: TokenId,
/**
 * When. Tokens of this person that say to have been issued later are good.
 */
revoked_at_ms: number,
/**
 * It is forgotten then, ms since the Unix epoch.
 */
until_ms: number, };

/**
 * Answer of `GET /v1/admin/revocations`: newest first.
 */
export type Revocations = {
/**
 * Those in force.
 */
revocations: Array<Revocation>, };

/** Codes of the close frame; from 4500 on, do not reconnect. */
export const CloseCode = {
  GoingAway: 4000,
  SlowConsumer: 4001,
  Replaced: 4002,
  Silent: 4003,
  Unavailable: 4004,
  TooManySessions: 4005,
  BadToken: 4500,
  Forbidden: 4501,
  ProtocolError: 4502,
  RateLimited: 4503,
  Over: 4504,
} as const;
