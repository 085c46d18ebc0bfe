import { backoffMs } from "./backoff.ts";
import { decodeFrame, FrameError } from "./frame.ts";
import { EventsMissing, Inbox } from "./inbox.ts";
import type {
  Bye,
  Channel,
  ClientMessage,
  ErrorBody,
  Event,
  InboxPlace,
  Progress,
  RequestId,
  ServerMessage,
  Welcome,
} from "./protocol.gen.ts";
import { Subscription, type SubscriptionListener } from "./subscription.ts";

/** Where the connection stands. */
export type ConnectionState =
  /** An attempt is under way. `again`: there was a session before. */
  | { kind: "connecting"; again: boolean }
  | { kind: "live"; welcome: Welcome }
  /** The next attempt is due at `retryAtMs` of `Date.now()`. `again` as above. */
  | { kind: "waiting"; again: boolean; retryAtMs: number }
  /** The service, or `close`, said not to come back; `retry` does it all the same. */
  | { kind: "stopped"; code: number; reason: string };

export interface ClientOptions {
  /** `ws:` or `wss:` address of `/v1/ws`. */
  url: string;
  /** Asked before each attempt, and shortly before a token expires, so that it may bring a fresh one. */
  getToken(): string | Promise<string>;
  onState?(state: ConnectionState): void;
  /**
   * What the person is told: each event once and in order, over all
   * reconnects. `at_ms`: when it happened. It is acknowledged once this returns.
   */
  onEvent?(event: Event, at_ms: number, offset: number): void;
  /**
   * There were events that will not come, as after an absence longer than they
   * are kept: fetch anew what they would have told. Those after it come, as do
   * all from the first `live` on.
   */
  onLost?(): void;
  /** How far a driven ride has come. */
  onProgress?(progress: Progress): void;
}

/** A request that the service refused. */
export class ServiceError extends Error {
  override name = "ServiceError";
  constructor(readonly body: ErrorBody) {
    super(body.message);
  }
}

/** The connection ended before the reply came: whether the request was carried out is not known. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

const SUBPROTOCOLS = ["ridecast.v1.bin", "ridecast.v1.json"];
/** From the first try to `welcome`. */
const OPEN_TIMEOUT_MS = 10_000;
/** How long an answer to a probe may take after a sleep or a change of network. */
const PROBE_TIMEOUT_MS = 4_000;
/** A session that lived for so long was a good one: the waits begin anew. */
const STABLE_MS = 5_000;
/** Codes from here on say: do not reconnect. */
const FIRST_FINAL_CODE = 4_500;
/** Of our own close frames: a broken frame, a dead line, the caller's wish. */
const CLOSE_BROKEN = 4_502;
const CLOSE_SILENT = 4_003;
const CLOSE_NORMAL = 1_000;

interface Pending {
  resolve(accepted: number | undefined): void;
  reject(error: Error): void;
}

/** Connects and stays connected until `close` or a final word of the service. */
export function connect(options: ClientOptions): Client {
  return new Client(options);
}

/** One session at a time with the service, again and again. */
export class Client {
  private current: ConnectionState = { kind: "connecting", again: false };
  private socket: WebSocket | undefined;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly pending = new Map<RequestId, Pending>();
  private readonly inbox = new Inbox((offset) => {
    this.socket?.send(JSON.stringify({ type: "ack", offset }));
  });
  private nextId = 1;
  private attempt = 0;
  /** Whether there ever was a session. */
  private again = false;
  private bye: Bye | undefined;
  private heardMs = 0;
  /** How many messages were heard; two may come within a millisecond. */
  private heard = 0;
  private liveMs = 0;
  /** The one thing that is waited for: `welcome`, the next attempt, or a sign of life. */
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ClientOptions) {
    globalThis.addEventListener?.("online", this.wake);
    globalThis.addEventListener?.("offline", this.doubt);
    globalThis.document?.addEventListener("visibilitychange", this.wake);
    // Not within the constructor: the caller has no `Client` to hear of yet.
    queueMicrotask(() => void this.open());
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Watches a channel for as long as the client lives, over all reconnects. */
  subscribe(
    name: string,
    channel: Channel,
    listener: SubscriptionListener,
    maxRateHz?: number,
  ): Subscription {
    const subscription = new Subscription(this, name, channel, listener, maxRateHz);
    this.subscriptions.set(name, subscription);
    return subscription;
  }

  /**
   * Sends a request and waits for its reply. Rejects with `ServiceError` or
   * `ConnectionLost`.
   */
  request(message: ClientMessage): Promise<number | undefined> {
    const socket = this.socket;
    if (this.current.kind !== "live" || !socket) {
      return Promise.reject(new ConnectionLost("there is no session"));
    }
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      socket.send(JSON.stringify({ ...message, id }));
    });
  }

  /** Tries at once, whatever was said before. Does nothing when live. */
  retry(): void {
    if (this.current.kind === "waiting" || this.current.kind === "stopped") void this.open();
  }

  /** Ends it for good. */
  close(): void {
    globalThis.removeEventListener?.("online", this.wake);
    globalThis.removeEventListener?.("offline", this.doubt);
    globalThis.document?.removeEventListener("visibilitychange", this.wake);
    this.drop(CLOSE_NORMAL, "closed by the caller");
    this.enter({ kind: "stopped", code: CLOSE_NORMAL, reason: "closed by the caller" });
  }

  /** The network came back or somebody looks again: no time to wait. */
  private readonly wake = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.current.kind === "waiting") void this.open();
    this.doubt();
  };

  /** The line may be dead, and none of its ends would know for long. A service on this very machine still answers. */
  private readonly doubt = (): void => {
    if (this.current.kind === "live") this.probe(PROBE_TIMEOUT_MS);
  };

  private async open(): Promise<void> {
    clearTimeout(this.timer);
    this.bye = undefined;
    const attempt: ConnectionState = { kind: "connecting", again: this.again };
    this.enter(attempt);
    this.timer = setTimeout(() => this.lost(), OPEN_TIMEOUT_MS);
    let token: string;
    try {
      token = await this.options.getToken();
    } catch {
      // The caller's way to a token leads over the same network.
      if (this.current === attempt) this.lost();
      return;
    }
    if (this.current !== attempt) return;
    const socket = new WebSocket(this.options.url, SUBPROTOCOLS);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const { resume } = this.inbox;
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token, resume }));
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.closed(event.code, event.reason);
  }

  private receive(data: unknown): void {
    this.heardMs = Date.now();
    this.heard += 1;
    try {
      if (data instanceof ArrayBuffer) {
        const frame = decodeFrame(data);
        this.subscriptions.get(frame.subscription)?.frame(frame);
      } else {
        this.message(JSON.parse(String(data)) as ServerMessage);
      }
    } catch (error) {
      const broken = error instanceof FrameError || error instanceof SyntaxError;
      if (!broken && !(error instanceof EventsMissing)) throw error;
      const reason = broken ? "a frame cannot be read" : "events are missing";
      console.warn(`ridecast: ${reason}, connecting anew:`, error.message);
      this.drop(CLOSE_BROKEN, reason);
      this.lost();
    }
  }

  private message(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        this.welcome(message);
        break;
      case "inbox":
        this.place(message, true);
        break;
      case "event":
        this.event(message.event, message.at_ms, message.offset);
        break;
      case "progress":
        this.options.onProgress?.(message);
        break;
      case "vehicles":
        this.subscriptions.get(message.subscription)?.message(message);
        break;
      case "ok":
        this.take(message.id)?.resolve(message.accepted);
        break;
      case "error":
        if (message.id !== undefined) this.take(message.id)?.reject(new ServiceError(message));
        break;
      case "bye":
        this.bye = message;
        break;
      case "token_expiring":
        void this.renew();
        break;
      case "pong":
        break;
    }
  }

  /** The session goes on with a newer token, if there is one. */
  private async renew(): Promise<void> {
    const state = this.current;
    try {
      const token = await this.options.getToken();
      if (this.current === state) await this.request({ type: "hello", token });
    } catch {
      // It ends with its token then, and `bye` says so.
    }
  }

  private take(id: RequestId): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    return pending;
  }

  private welcome(welcome: Welcome): void {
    const { epoch, offset, recovered } = welcome;
    const before = this.again;
    this.again = true;
    this.liveMs = Date.now();
    this.enter({ kind: "live", welcome });
    this.listen(welcome.heartbeat_ms);
    for (const subscription of this.subscriptions.values()) subscription.renew();
    if (epoch === undefined || offset === undefined) return;
    this.place({ epoch, offset, ...(recovered !== undefined && { recovered }) }, before);
  }

  /** @param before whether there was a time, in this session or one before it, whose events would be missed */
  private place(place: InboxPlace, before: boolean): void {
    this.inbox.begin(place);
    if (before && !place.recovered) this.options.onLost?.();
  }

  private event(event: Event, atMs: number, offset: number): void {
    if (!this.inbox.take(offset)) return;
    this.options.onEvent?.(event, atMs, offset);
    this.inbox.taken();
  }

  /** Asks for a sign of life after a silence, and gives up after a second one. */
  private listen(heartbeatMs: number): void {
    clearTimeout(this.timer);
    const rest = Math.max(0, this.heardMs + heartbeatMs - Date.now());
    this.timer = setTimeout(() => {
      if (Date.now() - this.heardMs >= heartbeatMs) this.probe(heartbeatMs);
      else this.listen(heartbeatMs);
    }, rest);
  }

  private probe(timeoutMs: number): void {
    const state = this.current;
    if (state.kind !== "live") return;
    const before = this.heard;
    this.socket?.send(JSON.stringify({ type: "ping" }));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.heard > before) return this.listen(state.welcome.heartbeat_ms);
      this.drop(CLOSE_SILENT, "nothing was heard");
      void this.open();
    }, timeoutMs);
  }

  private closed(code: number, reason: string): void {
    this.forget();
    const final = code >= FIRST_FINAL_CODE || (this.bye && this.bye.reconnect_in_ms === undefined);
    if (final) {
      clearTimeout(this.timer);
      this.enter({ kind: "stopped", code, reason: this.bye?.reason ?? reason });
    } else {
      this.lost();
    }
  }

  /** Ends the socket without waiting: a dead line never answers a close frame. */
  private drop(code: number, reason: string): void {
    const socket = this.socket;
    this.forget();
    socket?.close(code, reason);
  }

  private forget(): void {
    const socket = this.socket;
    this.socket = undefined;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    this.inbox.pause();
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const { reject } of pending) reject(new ConnectionLost("the connection ended"));
  }

  private lost(): void {
    this.drop(CLOSE_NORMAL, "");
    clearTimeout(this.timer);
    if (this.current.kind === "live" && Date.now() - this.liveMs >= STABLE_MS) this.attempt = 0;
    const waitMs = this.bye?.reconnect_in_ms ?? backoffMs(this.attempt, Math.random());
    this.attempt += 1;
    this.enter({ kind: "waiting", again: this.again, retryAtMs: Date.now() + waitMs });
    this.timer = setTimeout(() => void this.open(), waitMs);
  }

  private enter(state: ConnectionState): void {
    this.current = state;
    if (state.kind === "stopped") clearTimeout(this.timer);
    this.options.onState?.(state);
  }
}
