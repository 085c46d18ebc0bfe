// The client library: what a web app needs to speak with a ridecast service.
export { type BackoffSettings, backoffMs } from "./backoff.ts";
export {
  Client,
  type ClientOptions,
  ConnectionLost,
  type ConnectionState,
  connect,
  ServiceError,
} from "./client.ts";
export { decodeFrame, type Frame, FrameError, type FrameRecord } from "./frame.ts";
export { HandleTable } from "./handles.ts";
export * from "./motion.ts";
export * from "./protocol.gen.ts";
export { Subscription, type SubscriptionListener } from "./subscription.ts";
