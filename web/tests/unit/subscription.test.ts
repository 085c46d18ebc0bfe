import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Channel,
  ServiceError,
  type VehiclesMessage,
  type VehicleUpdate,
} from "../../sdk/index.ts";
import { encodeFrame } from "../mock/service.mjs";
import { app, open, Socket, scripted, waitMs } from "./scripted.ts";

scripted();

function viewport(west: number): Channel {
  return { kind: "viewport", south: 0, west, north: 1, east: west + 1 };
}

describe("a subscription", () => {
  const messages: VehiclesMessage[] = [];
  const refusals: ServiceError[] = [];
  const listener = {
    onVehicles: (message: VehiclesMessage) => messages.push(message),
    onRefused: (error: ServiceError) => refusals.push(error),
  };
  const subscribe = (west = 0) => app.client.subscribe(viewport(west), listener, { name: "map" });
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
    app.client.subscribe({ kind: "ride", ride_id: "r1" }, listener);
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

  it("takes a function for a listener, and a name of its own", async () => {
    await open();
    app.client.subscribe(viewport(0), (message) => messages.push(message));
    app.client.subscribe(viewport(1), () => {});
    await Socket.last.welcome();
    const [first, second] = Socket.last.sent.slice(1).map(({ subscription }) => subscription);
    expect(first).not.toBe(second);
    Socket.last.say({
      type: "vehicles",
      subscription: `${first}`,
      ...change([], []),
      snapshot: true,
    });
    expect(messages).toHaveLength(1);
  });

  it("brings densities to who listens for them", async () => {
    await open();
    const onDensity = vi.fn();
    const area = { south: 0, west: 0, north: 1, east: 1, zoom: 9 };
    app.client.subscribe({ kind: "density", ...area }, { onDensity }, { name: "dots" });
    await Socket.last.welcome();
    await Socket.last.ok();
    const cells = [{ cell: "87c2d1b2effffff", vehicles: 2, silent: 1, busy: 0 }];
    const density = { subscription: "dots", snapshot: true, resolution: 7, cells, left: [] };
    const message = { type: "density", ...density, vehicles: 2 };
    Socket.last.onmessage?.({ data: JSON.stringify(message) });
    expect(onDensity).toHaveBeenCalledExactlyOnceWith(message);
  });

  it("comes back when a request of it has no reply", async () => {
    await open();
    subscribe();
    await Socket.last.welcome();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(Socket.all).toHaveLength(2);
    await Socket.last.welcome();
    expect(requests()).toEqual([["subscribe", viewport(0)]]);
  });
});

const change = (ids: string[], left: string[]) => ({
  snapshot: false,
  vehicles: ids.map((id) => ({ ...at(id, 0), timestamp_ms: 0 })),
  left,
});
const at = (id: string, latitude: number) => ({
  id,
  latitude,
  longitude: 0,
  timestamp_ms: latitude,
  class: "car",
  state: "online" as const,
});

describe("a subscription that is read", () => {
  const say = (snapshot: boolean, vehicles: VehicleUpdate[], left: string[] = []) =>
    Socket.last.say({ type: "vehicles", subscription: "map", snapshot, vehicles, left });
  const seen = ({ value }: IteratorResult<VehiclesMessage, void>) =>
    value && {
      snapshot: value.snapshot,
      vehicles: value.vehicles.map(({ id, latitude }) => [id, latitude]),
      left: value.left,
    };
  async function read() {
    await open();
    const subscription = app.client.subscribe(viewport(0), undefined, { name: "map" });
    await Socket.last.welcome();
    await Socket.last.ok();
    return subscription[Symbol.asyncIterator]();
  }

  it("joins what a slow reader has not taken; the newest wins", async () => {
    const reader = await read();
    say(true, [at("a", 1), at("b", 1)]);
    expect(seen(await reader.next())).toEqual({
      snapshot: true,
      vehicles: [
        ["a", 1],
        ["b", 1],
      ],
      left: [],
    });
    say(false, [at("a", 2)]);
    // One that came and went in between was never there; one that is back stands in both.
    say(false, [at("c", 2), at("a", 3)], ["b"]);
    say(false, [at("b", 4)], ["c"]);
    expect(seen(await reader.next())).toEqual({
      snapshot: false,
      vehicles: [
        ["a", 3],
        ["b", 4],
      ],
      left: ["b"],
    });
  });

  it("forgets what waits at a snapshot", async () => {
    const reader = await read();
    say(true, [at("a", 1)]);
    say(false, [at("b", 1)], ["a"]);
    say(true, [at("c", 2)]);
    say(false, [at("c", 3)]);
    const joined = { snapshot: true, vehicles: [["c", 3]], left: [] };
    expect(seen(await reader.next())).toEqual(joined);
  });

  it("ends the subscription when the loop is left, and the loop when it is closed", async () => {
    const reader = await read();
    say(true, []);
    await reader.next();
    await reader.return();
    expect(Socket.last.sent.at(-1)).toMatchObject({ type: "unsubscribe", subscription: "map" });
    const subscription = app.client.subscribe(viewport(1));
    const next = subscription[Symbol.asyncIterator]().next();
    subscription.close();
    expect((await next).done).toBe(true);
  });

  it("throws a refusal", async () => {
    await open();
    const reader = app.client.subscribe(viewport(0))[Symbol.asyncIterator]();
    const next = expect(reader.next()).rejects.toMatchObject({ body: { code: "area_too_large" } });
    await Socket.last.welcome();
    await Socket.last.refuse("area_too_large");
    await next;
  });
});
