// The client library: what a web app needs to speak with a ridecast service.
export { backoffMs } from "./backoff.ts";
export { Client, type ClientOptions, connect } from "./client.ts";
export type { ConnectionState } from "./connection.ts";
export type { Driving, DrivingOptions } from "./driving.ts";
export { ConnectionLost, ProtocolError, ServiceError } from "./errors.ts";
export { decodeFrame, type Frame, type FrameRecord } from "./frame.ts";
export { HandleTable } from "./handles.ts";
export type { Told } from "./inbox.ts";
export * from "./protocol.gen.ts";
export type { Ok } from "./requests.ts";
export { type Query, type Rest, restOf, type Track } from "./rest.ts";
export { type ShareListener, watchShare } from "./share.ts";
export type { Subscription, SubscriptionListener, SubscriptionOptions } from "./subscription.ts";
