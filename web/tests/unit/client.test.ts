import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backoffMs } from "../../sdk/backoff.ts";
import {
  type Channel,
  type Client,
  ConnectionLost,
  type ConnectionState,
  connect,
  type ServerMessage,
  ServiceError,
  type VehiclesMessage,
  type Welcome,
} from "../../sdk/index.ts";
import { encodeFrame } from "../mock/service.mjs";

/** A socket whose other end is the test. */
class Socket {
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
  async ok() {
    this.say({ type: "ok", id: this.sent.at(-1)?.id as number });
    await settled();
  }
  async refuse(code: "area_too_large" | "overloaded") {
    const id = this.sent.at(-1)?.id as number;
    this.say({ type: "error", id, code, message: "at most 40,000 km²", retryable: false });
    await settled();
  }
}

const settled = () => vi.advanceTimersByTimeAsync(0);

/** What the app heard of its inbox, in order: an offset, "lost", a progress's seconds. */
let heard: (number | string)[];
let client: Client;
let states: ConnectionState[];
let page: EventTarget;
let token: () => Promise<string>;

async function open(): Promise<void> {
  client = connect({
    url: "ws://service/v1/ws",
    getToken: () => token(),
    onState: (state) => states.push(state),
    onEvent: (_, __, offset) => heard.push(offset),
    onLost: () => heard.push("lost"),
    onProgress: ({ eta }) => heard.push(`${eta.seconds} s`),
  });
  await settled();
}

function kinds(): string[] {
  return states.map((state) => state.kind);
}

function waitMs(): number {
  const state = states.at(-1);
  return state?.kind === "waiting" ? state.retryAtMs - Date.now() : Number.NaN;
}

function viewport(west: number): Channel {
  return { kind: "viewport", south: 0, west, north: 1, east: west + 1 };
}

beforeEach(() => {
  vi.useFakeTimers();
  page = new EventTarget();
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.spyOn(console, "warn").mockReturnValue();
  Socket.all = [];
  states = [];
  heard = [];
  token = () => Promise.resolve("t1");
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("a connection", () => {
  it("says hello with its token and is live at the welcome", async () => {
    await open();
    expect(Socket.last.protocols).toEqual(["ridecast.v1.bin", "ridecast.v1.json"]);
    await Socket.last.welcome();
    expect(Socket.last.sent).toEqual([{ type: "hello", token: "t1" }]);
    expect(kinds()).toEqual(["connecting", "live"]);
  });

  it("tries again after waits that grow, each time with a fresh token", async () => {
    await open();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      Socket.last.end(1006);
      waits.push(waitMs());
      token = () => Promise.resolve(`t${i + 2}`);
      await vi.advanceTimersByTimeAsync(waitMs());
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    await Socket.last.welcome();
    expect(Socket.last.sent).toEqual([{ type: "hello", token: "t9" }]);
  });

  it("begins with short waits again only after a session that lasted", async () => {
    await open();
    for (const wait of [500, 1_000]) {
      await Socket.last.welcome();
      await vi.advanceTimersByTimeAsync(1_000);
      Socket.last.end(4000);
      expect(waitMs()).toBe(wait);
      await vi.advanceTimersByTimeAsync(wait);
    }
    await Socket.last.welcome();
    await vi.advanceTimersByTimeAsync(5_000);
    Socket.last.end(4000);
    expect(waitMs()).toBe(500);
  });

  it("waits when no token can be had", async () => {
    token = () => Promise.reject(new TypeError("Failed to fetch"));
    await open();
    expect(kinds()).toEqual(["connecting", "waiting"]);
    expect(Socket.all).toHaveLength(0);
  });

  it("gives up an attempt that leads nowhere", async () => {
    await open();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kinds()).toEqual(["connecting", "waiting"]);
  });

  it("comes back when the service's bye says so", async () => {
    await open();
    await Socket.last.welcome();
    Socket.last.say({ type: "bye", code: 4000, reason: "stopping", reconnect_in_ms: 3_210 });
    Socket.last.end(4000);
    expect(states.at(-1)).toMatchObject({ kind: "waiting", again: true });
    expect(waitMs()).toBe(3_210);
    await vi.advanceTimersByTimeAsync(3_209);
    expect(Socket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(Socket.all).toHaveLength(2);
  });

  it("does not come back when told not to, until asked", async () => {
    await open();
    await Socket.last.welcome();
    Socket.last.end(4500, "no valid token");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(states.at(-1)).toEqual({ kind: "stopped", code: 4500, reason: "no valid token" });
    expect(Socket.all).toHaveLength(1);
    client.retry();
    await settled();
    expect(Socket.all).toHaveLength(2);
  });

  it("goes on with a newer token when the service says that its own expires", async () => {
    await open();
    await Socket.last.welcome();
    token = () => Promise.resolve("t2");
    Socket.last.say({ type: "token_expiring", expires_in_ms: 60_000 });
    await settled();
    expect(Socket.last.sent.at(-1)).toEqual({ type: "hello", token: "t2" });
    await Socket.last.ok();
    // Where none can be had, the session goes on until it is ended.
    token = () => Promise.reject(new Error("offline"));
    Socket.last.say({ type: "token_expiring", expires_in_ms: 60_000 });
    await settled();
    expect(Socket.last.sent).toHaveLength(2);
    expect(kinds()).toEqual(["connecting", "live"]);
  });

  it("comes back at once when the network does", async () => {
    await open();
    for (let i = 0; i < 5; i++) {
      Socket.last.end(1006);
      await vi.advanceTimersByTimeAsync(waitMs());
    }
    Socket.last.end(1006);
    page.dispatchEvent(new Event("online"));
    await settled();
    expect(Socket.all).toHaveLength(7);
  });

  it("asks for a sign of life after a silence, and leaves a dead line", async () => {
    await open();
    await Socket.last.welcome();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(Socket.last.sent.at(-1)).toEqual({ type: "ping" });
    Socket.last.say({ type: "pong", server_time_ms: 1 });
    await vi.advanceTimersByTimeAsync(39_999);
    expect(kinds().at(-1)).toBe("live");
    const dead = Socket.last;
    await vi.advanceTimersByTimeAsync(100);
    expect(dead.closedWith).toBe(4003);
    expect(Socket.all).toHaveLength(2);
  });

  it.each(["online", "offline"])("soon leaves a line that died when it went %s", async (event) => {
    await open();
    await Socket.last.welcome();
    page.dispatchEvent(new Event(event));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(Socket.all).toHaveLength(2);
  });

  it("starts anew on a frame that cannot be read", async () => {
    await open();
    await Socket.last.welcome();
    Socket.last.frame(new Uint8Array([1, 0, 200]));
    expect(Socket.last.closedWith).toBe(4502);
    expect(kinds().at(-1)).toBe("waiting");
  });

  it("fails the requests that it leaves unanswered", async () => {
    await open();
    await Socket.last.welcome();
    const request = client.request({ type: "ping" });
    Socket.last.end(1006);
    await expect(request).rejects.toBeInstanceOf(ConnectionLost);
    await expect(client.request({ type: "ping" })).rejects.toBeInstanceOf(ConnectionLost);
  });
});

describe("the inbox", () => {
  /** The service tells events, whatever they are about. */
  const tell = (...offsets: number[]) => {
    const event = { kind: "notice", ride_id: "r1", near: "pickup" } as const;
    for (const offset of offsets) {
      Socket.last.say({ type: "event", offset, at_ms: 1_700, event });
    }
  };
  const acks = () => Socket.last.sent.filter(({ type }) => type === "ack");
  /** The connection ends, and the next one is opened. */
  const cut = async () => {
    Socket.last.end(1006);
    await vi.advanceTimersByTimeAsync(waitMs());
  };

  it("hands on each event with its time, and progress", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5, 6);
    const eta = { toward: "pickup", seconds: 90, distance_m: 500, at_ms: 1 } as const;
    Socket.last.say({ type: "progress", ride_id: "r1", eta });
    expect(heard).toEqual([5, 6, "90 s"]);
  });

  it("resumes behind the newest event, and hands on nothing twice", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    expect(Socket.last.sent[0]).toEqual({ type: "hello", token: "t1" });
    tell(5, 6, 6, 5);
    await cut();
    await Socket.last.welcome({ epoch: "e", offset: 6, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "e", offset: 6 } });
    tell(6, 7);
    expect(heard).toEqual([5, 6, 7]);
    expect(console.warn).not.toHaveBeenCalled();
  });

  it("comes back for events that are missing", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5, 7);
    expect(heard).toEqual([5]);
    expect(Socket.last.closedWith).toBe(4502);
    await vi.advanceTimersByTimeAsync(waitMs());
    await Socket.last.welcome({ epoch: "e", offset: 5, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "e", offset: 5 } });
    tell(6, 7);
    expect(heard).toEqual([5, 6, 7]);
  });

  it("says that events are lost, and goes on from the new place", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5);
    await cut();
    await Socket.last.welcome({ epoch: "f", offset: 2, recovered: false });
    tell(3);
    expect(heard).toEqual([5, "lost", 3]);
    await cut();
    await Socket.last.welcome({ epoch: "f", offset: 3, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "f", offset: 3 } });
  });

  it("learns its place later when the store was away", async () => {
    await open();
    await Socket.last.welcome();
    Socket.last.say({ type: "inbox", epoch: "e", offset: 8 });
    // Whatever came between welcome and this is not told.
    expect(heard).toEqual(["lost"]);
    tell(9);
    await cut();
    await Socket.last.welcome();
    Socket.last.say({ type: "inbox", epoch: "e", offset: 9, recovered: true });
    tell(10);
    expect(heard).toEqual(["lost", 9, 10]);
  });

  it("a session that never learnt its place has missed what came after it", async () => {
    await open();
    await Socket.last.welcome();
    await cut();
    expect(heard).toEqual([]);
    await Socket.last.welcome({ epoch: "e", offset: 8 });
    expect(heard).toEqual(["lost"]);
  });

  it("acknowledges at once, then the newest once a second", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 0 });
    tell(1, 2, 3);
    expect(acks()).toEqual([{ type: "ack", offset: 1 }]);
    await vi.advanceTimersByTimeAsync(999);
    expect(acks()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(acks().slice(1)).toEqual([{ type: "ack", offset: 3 }]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(acks()).toHaveLength(2);
    tell(4);
    expect(acks().at(-1)).toEqual({ type: "ack", offset: 4 });
  });

  it("acknowledges nothing in a session that did not bring it", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 0 });
    tell(1, 2);
    await cut();
    await Socket.last.welcome({ epoch: "e", offset: 2, recovered: true });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(acks()).toEqual([]);
  });
});

describe("a subscription", () => {
  const messages: VehiclesMessage[] = [];
  const refusals: ServiceError[] = [];
  const listener = {
    onVehicles: (message: VehiclesMessage) => messages.push(message),
    onRefused: (error: ServiceError) => refusals.push(error),
  };
  const subscribe = (west = 0) => client.subscribe(viewport(west), listener, { name: "map" });
  const requests = () => Socket.last.sent.slice(1).map(({ type, channel }) => [type, channel]);
  const vehicle = {
    id: "d1",
    handle: 7,
    latitude: 1,
    longitude: 2,
    timestamp_ms: Date.now(),
    class: "car",
    state: "online" as const,
  };

  beforeEach(() => {
    messages.length = 0;
    refusals.length = 0;
  });

  it("brings binary and JSON vehicles alike", async () => {
    await open();
    subscribe();
    await Socket.last.welcome();
    Socket.last.frame(encodeFrame("map", true, [{ ...vehicle, introduce: true }], []));
    Socket.last.frame(encodeFrame("map", false, [{ ...vehicle, latitude: 1.5 }], []));
    const { handle: _, ...update } = vehicle;
    Socket.last.say({
      type: "vehicles",
      subscription: "map",
      snapshot: false,
      vehicles: [update],
      left: [],
    });
    expect(messages.map(({ vehicles }) => [vehicles[0]?.id, vehicles[0]?.latitude])).toEqual([
      ["d1", 1],
      ["d1", 1.5],
      ["d1", 1],
    ]);
  });

  it("moves without a reconnect; only the newest area is asked for", async () => {
    await open();
    const subscription = subscribe();
    await Socket.last.welcome();
    for (const west of [1, 2, 3]) subscription.update(viewport(west));
    await Socket.last.ok();
    await Socket.last.ok();
    expect(requests()).toEqual([
      ["subscribe", viewport(0)],
      ["update", viewport(3)],
    ]);
    expect(Socket.all).toHaveLength(1);
  });

  it("lets a handle leave and stand for another vehicle in one frame", async () => {
    await open();
    subscribe();
    await Socket.last.welcome();
    Socket.last.frame(encodeFrame("map", true, [{ ...vehicle, introduce: true }], []));
    const other = { ...vehicle, id: "d2", introduce: true };
    Socket.last.frame(encodeFrame("map", false, [other], [vehicle.handle]));
    Socket.last.frame(encodeFrame("map", false, [vehicle], []));
    expect(messages.at(1)).toMatchObject({ left: ["d1"], vehicles: [{ id: "d2" }] });
    expect(messages.at(2)).toMatchObject({ left: [], vehicles: [{ id: "d2" }] });
  });

  it("follows the vehicle of a ride", async () => {
    await open();
    client.subscribe({ kind: "ride", ride_id: "r1" }, listener);
    await Socket.last.welcome();
    expect(requests()).toEqual([["subscribe", { kind: "ride", ride_id: "r1" }]]);
  });

  it("is asked for again in the next session, where it is now", async () => {
    await open();
    const subscription = subscribe();
    await Socket.last.welcome();
    await Socket.last.ok();
    Socket.last.end(1006);
    subscription.update(viewport(5));
    await vi.advanceTimersByTimeAsync(waitMs());
    await Socket.last.welcome();
    expect(requests()).toEqual([["subscribe", viewport(5)]]);
  });

  it("holds nothing after a refusal, until the next area", async () => {
    await open();
    const subscription = subscribe();
    await Socket.last.welcome();
    await Socket.last.ok();
    subscription.update(viewport(9));
    await Socket.last.refuse("area_too_large");
    expect(Socket.last.sent.at(-1)).toMatchObject({ type: "unsubscribe", subscription: "map" });
    await Socket.last.ok();
    expect(refusals.map((error) => error.body.code)).toEqual(["area_too_large"]);
    expect(refusals[0]).toBeInstanceOf(ServiceError);
    subscription.update(viewport(1));
    expect(Socket.last.sent.at(-1)).toMatchObject({ type: "subscribe", channel: viewport(1) });
  });

  it("ends when closed", async () => {
    await open();
    const subscription = subscribe();
    await Socket.last.welcome();
    await Socket.last.ok();
    subscription.close();
    expect(Socket.last.sent.at(-1)).toMatchObject({ type: "unsubscribe" });
    Socket.last.frame(encodeFrame("map", true, [], []));
    expect(messages).toHaveLength(0);
  });
});

it("full jitter: anything from nothing up to a bound that doubles", () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 0.999))).toEqual([
    999, 1_998, 3_996, 7_992,
  ]);
  expect(backoffMs(1_000, 0.999)).toBeLessThan(30_000);
  expect(backoffMs(5, 0)).toBe(0);
});
