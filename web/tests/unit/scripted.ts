import { afterEach, beforeEach, vi } from "vitest";
import {
  type Client,
  type ClientOptions,
  type ConnectionState,
  connect,
  type ErrorCode,
  type ServerMessage,
  type Welcome,
} from "../../sdk/index.ts";

/** A socket whose other end is the test. */
export class Socket {
  static all: Socket[] = [];
  static get last(): Socket {
    const last = Socket.all.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  binaryType = "blob";
  closedWith: number | undefined;
  readonly sent: Record<string, unknown>[] = [];

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    Socket.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close(code: number) {
    this.closedWith = code;
  }
  say(message: ServerMessage) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  frame(bytes: Uint8Array) {
    this.onmessage?.({ data: new Uint8Array(bytes).buffer });
  }
  /** The service ends the connection. */
  end(code: number, reason = "") {
    this.onclose?.({ code, reason });
  }
  async welcome(inbox: Pick<Welcome, "epoch" | "offset" | "recovered"> = {}) {
    this.onopen?.();
    this.say({
      type: "welcome",
      ...inbox,
      session: "s",
      user: "u",
      role: "operator",
      heartbeat_ms: 20_000,
      server_time_ms: 0,
    });
    await settled();
  }
  /** Answers the newest request. */
  async ok(reply: Partial<Extract<ServerMessage, { type: "ok" }>> = {}) {
    this.say({ type: "ok", id: this.sent.at(-1)?.id as number, ...reply });
    await settled();
  }
  async refuse(code: ErrorCode, retryable = false) {
    const id = this.sent.at(-1)?.id as number;
    this.say({ type: "error", id, code, message: "at most 40,000 km²", retryable });
    await settled();
  }
  /** What was sent after `hello`, without ids. */
  get requests() {
    return this.sent.slice(1).map(({ id: _, ...message }) => message);
  }
}

export const settled = () => vi.advanceTimersByTimeAsync(0);

/** The app under test, and what it heard. */
export const app = {
  client: undefined as unknown as Client,
  states: [] as ConnectionState[],
  /** Of its inbox, in order: an offset, "lost", a progress's seconds. */
  heard: [] as (number | string)[],
  page: new EventTarget(),
  token: () => Promise.resolve("t1"),
};

/** With a scripted socket and a clock that the test sets. */
export function scripted(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    app.page = new EventTarget();
    vi.stubGlobal("WebSocket", Socket);
    vi.stubGlobal("addEventListener", app.page.addEventListener.bind(app.page));
    vi.stubGlobal("removeEventListener", app.page.removeEventListener.bind(app.page));
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    vi.spyOn(console, "warn").mockReturnValue();
    Socket.all = [];
    app.states = [];
    app.heard = [];
    app.token = () => Promise.resolve("t1");
  });
  afterEach(() => {
    app.client.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
}

export async function open(options: Partial<ClientOptions> = {}): Promise<Client> {
  app.client = connect({
    url: "ws://service/v1/ws",
    getToken: () => app.token(),
    onState: (state) => app.states.push(state),
    onEvent: (_, __, offset) => app.heard.push(offset),
    onLost: () => app.heard.push("lost"),
    onProgress: ({ eta }) => app.heard.push(`${eta.seconds} s`),
    ...options,
  });
  await settled();
  return app.client;
}

export function kinds(): string[] {
  return app.states.map((state) => state.kind);
}

export function waitMs(): number {
  const state = app.states.at(-1);
  return state?.kind === "waiting" ? state.retryAtMs - Date.now() : Number.NaN;
}

/** The connection ends, and the next one is opened. */
export async function cut(): Promise<void> {
  Socket.last.end(1006);
  await vi.advanceTimersByTimeAsync(waitMs());
}

/** The service tells events, whatever they are about. */
export function tell(...offsets: number[]): void {
  const event = { kind: "notice", ride_id: "r1", near: "pickup" } as const;
  for (const offset of offsets) Socket.last.say({ type: "event", offset, at_ms: 1_700, event });
}
