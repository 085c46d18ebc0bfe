import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ShareMessage, watchShare } from "../../sdk/index.ts";

/** A stream whose other end is the test. */
class Stream extends EventTarget {
  static all: Stream[] = [];
  readonly CLOSED = 2;
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    super();
    Stream.all.push(this);
  }
  close() {
    this.readyState = this.CLOSED;
  }
  say({ type, ...data }: ShareMessage | { type: "bye"; code: number; reason: string }) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify({ type, ...data }) }));
  }
  /** It is over as far as the browser is concerned, or the browser comes back. */
  fail(closed: boolean) {
    if (closed) this.close();
    this.onerror?.();
  }
}

let heard: unknown[];
let status: number;
let watched: { close(): void };
let page: EventTarget;
const last = () => Stream.all.at(-1) as Stream;
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  page = new EventTarget();
  vi.stubGlobal("EventSource", Stream);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  vi.stubGlobal("fetch", async () => new Response(null, { status }));
  Stream.all = [];
  heard = [];
  status = 503;
  watched = watchShare("https://host/", "tok", {
    onRide: ({ state }) => heard.push(state),
    onVehicle: ({ id }) => heard.push(id),
    onProgress: ({ eta }) => heard.push(eta.seconds),
    onState: (state) => heard.push(state),
    onEnd: (reason) => heard.push(`end: ${reason}`),
  });
});

afterEach(() => {
  watched.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it("hands on what the stream says, until the ride is over", async () => {
  expect(last().url).toBe("https://host/v1/share/tok/events");
  last().onopen?.();
  last().say({ type: "ride", ride_id: "r", state: "accepted" } as ShareMessage);
  last().say({ type: "vehicle", id: "ana" } as ShareMessage);
  last().say({ type: "progress", ride_id: "r", eta: { seconds: 60 } } as ShareMessage);
  last().say({ type: "bye", code: 4504, reason: "over" });
  expect(heard).toEqual(["connecting", "live", "accepted", "ana", 60, "ended", "end: over"]);
  expect(last().readyState).toBe(2);
  page.dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.all).toHaveLength(1);
});

it("leaves it to the browser to come back, and does so itself when that gives up", async () => {
  last().fail(false);
  expect(Stream.all).toHaveLength(1);
  last().fail(true);
  await settled();
  expect(heard).toEqual(["connecting", "connecting", "connecting", "waiting"]);
  await vi.advanceTimersByTimeAsync(500);
  expect(Stream.all).toHaveLength(2);
  last().say({ type: "bye", code: 4000, reason: "stopping" });
  expect(last().readyState).toBe(2);
  page.dispatchEvent(new Event("online"));
  expect(Stream.all).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.all).toHaveLength(3);
});

it("ends when there is no such link", async () => {
  status = 404;
  last().fail(true);
  await settled();
  expect(heard.at(-1)).toBe("end: there is no such link");
});

it("does not come back once it is closed", async () => {
  last().fail(true);
  watched.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.all).toHaveLength(1);
});

describe("a stream that falls silent", () => {
  const beat = () => last().say({ type: "heartbeat", heartbeat_ms: 1_000, server_time_ms: 0 });
  const vehicle = () => last().say({ type: "vehicle", id: "ana" } as ShareMessage);
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it("is not live any more after two heartbeats and a half, and is opened anew", async () => {
    last().onopen?.();
    beat();
    await pass(2_400);
    vehicle();
    await pass(2_400);
    beat();
    await pass(2_400);
    expect(heard).toEqual(["connecting", "live", "ana"]);
    await pass(200);
    expect(heard.at(-1)).toBe("waiting");
    expect(last().readyState).toBe(2);
    await pass(500);
    expect(Stream.all).toHaveLength(2);
    expect(heard.at(-1)).toBe("connecting");
    // The new one does not even open.
    await pass(2_600);
    expect(heard.at(-1)).toBe("waiting");
    await pass(1_000);
    expect(Stream.all).toHaveLength(3);
  });

  it("of a service that sends no heartbeats is left alone", async () => {
    last().onopen?.();
    vehicle();
    await pass(24 * 3_600_000);
    expect(heard).toEqual(["connecting", "live", "ana"]);
    expect(Stream.all).toHaveLength(1);
  });

  it("stays ended when it was", async () => {
    beat();
    last().say({ type: "bye", code: 4504, reason: "over" });
    await pass(60_000);
    expect(Stream.all).toHaveLength(1);
    expect(heard.at(-1)).toBe("end: over");
  });

  it("is not asked for twice while the answer to why it ended is on its way", async () => {
    vi.stubGlobal("fetch", () => new Promise(() => {}));
    last().onopen?.();
    beat();
    last().fail(true);
    expect(heard.at(-1)).toBe("connecting");
    await pass(2_600);
    expect(heard.at(-1)).toBe("waiting");
    await pass(500);
    expect(Stream.all).toHaveLength(2);
  });
});
