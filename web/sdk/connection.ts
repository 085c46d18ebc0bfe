import { backoffMs } from "./backoff.ts";
import { ConnectionLost, ProtocolError } from "./errors.ts";
import { decodeFrame, type Frame } from "./frame.ts";
import type {
  Bye,
  ClientMessage,
  RequestId,
  Resume,
  ServerMessage,
  Welcome,
} from "./protocol.gen.ts";
import { type Ok, Requests } from "./requests.ts";

/** Where the connection stands. */
export type ConnectionState =
  /** An attempt is under way. `again`: there was a session before. */
  | { kind: "connecting"; again: boolean }
  | { kind: "live"; welcome: Welcome }
  /** The next attempt is due at `retryAtMs` of `Date.now()`. `again` as above. */
  | { kind: "waiting"; again: boolean; retryAtMs: number }
  /** The service, or `close`, said not to come back; `retry` does it all the same. */
  | { kind: "stopped"; code: number; reason: string };

export interface ConnectionOptions {
  /** `ws:` or `wss:` address of `/v1/ws`. */
  url: string;
  /** Asked before each attempt, and shortly before a token expires, so that it may bring a fresh one. */
  getToken(): string | Promise<string>;
  /** How long a reply may take, ms. Absent: 10,000. */
  requestTimeoutMs?: number;
}

/** Who uses the connection. */
export interface ConnectionUser {
  /** Where the next session is to go on. */
  resume(): Resume | undefined;
  entered(state: ConnectionState): void;
  /** What is no affair of the connection's own. May throw `ProtocolError`. */
  received(message: ServerMessage | Frame): void;
  /** The session is over, if there was one. */
  ended(): void;
}

const SUBPROTOCOLS = ["ridecast.v1.bin", "ridecast.v1.json"];
/** From the first try to `welcome`. */
const OPEN_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
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

/** One session at a time with the service, again and again. */
export class Connection {
  #state: ConnectionState = { kind: "connecting", again: false };
  #socket: WebSocket | undefined;
  readonly #requests = new Requests();
  #attempt = 0;
  /** Whether there ever was a session. */
  #again = false;
  #bye: Bye | undefined;
  #heardMs = 0;
  /** How many messages were heard; two may come within a millisecond. */
  #heard = 0;
  #pings = 0;
  /** The newest ping that was answered. */
  #ponged: RequestId | undefined;
  #liveMs = 0;
  /** How far the service's clock is ahead of this one, ms. */
  #aheadMs = 0;
  /** The one thing that is waited for: `welcome`, the next attempt, or a sign of life. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: ConnectionOptions;
  readonly #user: ConnectionUser;

  constructor(options: ConnectionOptions, user: ConnectionUser) {
    this.#options = options;
    this.#user = user;
    this.#attend("addEventListener");
    // Not within the constructor: the caller has no `Client` to hear of yet.
    queueMicrotask(() => this.#open());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  serverNowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Without a reply. Nothing is sent when there is no session. */
  send(message: ClientMessage): void {
    if (this.#state.kind === "live") this.#socket?.send(JSON.stringify(message));
  }

  /** Rejects with `ServiceError` or `ConnectionLost`. */
  async request(message: ClientMessage): Promise<Ok> {
    const socket = this.#socket;
    if (this.#state.kind !== "live" || !socket) throw new ConnectionLost("there is no session");
    const timeoutMs = this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    return this.#requests.send(socket, message, timeoutMs);
  }

  /** Leaves the session for a new one, at once. */
  renew(): void {
    if (this.#state.kind !== "live") return;
    this.#drop();
    void this.#open();
  }

  retry(): void {
    if ("retryAtMs" in this.#state || this.#state.kind === "stopped") {
      this.#attend("addEventListener");
      void this.#open();
    }
  }

  close(): void {
    this.#attend("removeEventListener");
    this.#stop(CLOSE_NORMAL, "closed by the caller");
  }

  #attend(how: "addEventListener" | "removeEventListener"): void {
    globalThis[how]?.("online", this.#wake);
    globalThis[how]?.("offline", this.#doubt);
    globalThis.document?.[how]("visibilitychange", this.#wake);
  }

  /** The network came back or somebody looks again: no time to wait. */
  readonly #wake = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.#state.kind === "waiting") void this.#open();
    this.#doubt();
  };

  /** The line may be dead, and none of its ends would know for long. A service on this very machine still answers. */
  readonly #doubt = (): void => this.#probe(PROBE_TIMEOUT_MS);

  async #open(): Promise<void> {
    this.#bye = undefined;
    const attempt: ConnectionState = { kind: "connecting", again: this.#again };
    // First, as who is told may close.
    this.#after(() => this.#lost(), OPEN_TIMEOUT_MS);
    this.#enter(attempt);
    let token: string;
    try {
      token = await this.#options.getToken();
    } catch {
      // The caller's way to a token leads over the same network.
      if (this.#state === attempt) this.#lost();
      return;
    }
    if (this.#state !== attempt) return;
    const socket = new WebSocket(this.#options.url, SUBPROTOCOLS);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    const resume = this.#user.resume();
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token, resume }));
    socket.onmessage = (event) => this.#receive(event.data);
    // The package `ws` ends the process over an error that nobody hears.
    socket.onerror = () => {};
    socket.onclose = (event) => this.#closed(event.code, event.reason);
  }

  #receive(data: unknown): void {
    this.#heardMs = Date.now();
    this.#heard += 1;
    try {
      if (data instanceof ArrayBuffer) this.#user.received(decodeFrame(data));
      else this.#message(JSON.parse(String(data)));
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof SyntaxError)) throw error;
      console.warn("ridecast: connecting anew:", error.message);
      this.#lost(CLOSE_BROKEN);
    }
  }

  #message(message: ServerMessage): void {
    if ("server_time_ms" in message) this.#aheadMs = message.server_time_ms - this.#heardMs;
    switch (message.type) {
      case "welcome":
        this.#again = true;
        this.#liveMs = this.#heardMs;
        this.#listen(message.heartbeat_ms);
        this.#enter({ kind: "live", welcome: message });
        this.#user.received(message);
        break;
      case "ok":
      case "error":
        this.#requests.reply(message);
        break;
      case "bye":
        this.#bye = message;
        break;
      case "pong":
        this.#ponged = message.id;
        break;
      case "token_expiring":
        void this.#renewToken();
        break;
      default:
        this.#user.received(message);
    }
  }

  /** The session goes on with a newer token, if there is one. */
  async #renewToken(): Promise<void> {
    const state = this.#state;
    try {
      const token = await this.#options.getToken();
      if (this.#state === state) this.send({ type: "hello", token });
    } catch {
      // It ends with its token then, and `bye` says so.
    }
  }

  /** Asks for a sign of life after a silence, and gives up after a second one. */
  #listen(heartbeatMs: number): void {
    const rest = this.#heardMs + heartbeatMs - Date.now();
    this.#after(() => {
      if (Date.now() - this.#heardMs >= heartbeatMs) this.#probe(heartbeatMs);
      else this.#listen(heartbeatMs);
    }, rest);
  }

  #probe(timeoutMs: number): void {
    const state = this.#state;
    if (state.kind !== "live") return;
    const before = this.#heard;
    // Not a number: those are of requests.
    const id = `p${this.#pings++}`;
    this.send({ type: "ping", id } as ClientMessage);
    this.#after(() => {
      if (this.#ponged === id) return this.#listen(state.welcome.heartbeat_ms);
      // It was under way before the line died, or the answer waits behind it on a slow one.
      if (this.#heard > before) return this.#probe(timeoutMs);
      this.#drop(CLOSE_SILENT);
      void this.#open();
    }, timeoutMs);
  }

  #closed(code: number, reason: string): void {
    const bye = this.#bye;
    const final = code >= FIRST_FINAL_CODE || (bye && bye.reconnect_in_ms === undefined);
    if (final) this.#stop(code, bye?.reason ?? reason);
    else this.#lost();
  }

  #stop(code: number, reason: string): void {
    this.#drop();
    clearTimeout(this.#timer);
    this.#enter({ kind: "stopped", code, reason });
  }

  #lost(code = CLOSE_NORMAL): void {
    this.#drop(code);
    if (this.#state.kind === "live" && Date.now() - this.#liveMs >= STABLE_MS) this.#attempt = 0;
    const waitMs = this.#bye?.reconnect_in_ms ?? backoffMs(this.#attempt);
    this.#attempt += 1;
    this.#after(() => this.#open(), waitMs);
    this.#enter({ kind: "waiting", again: this.#again, retryAtMs: Date.now() + waitMs });
  }

  /** Instead of what was to come. */
  #after(next: () => void, ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(next, ms);
  }

  /** Ends the socket without waiting: a dead line never answers a close frame. */
  #drop(code = CLOSE_NORMAL): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
    this.#requests.lose();
    this.#user.ended();
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#user.entered(state);
  }
}
