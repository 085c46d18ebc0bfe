// The client library and its examples with the service itself, over kill -9 of it.
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { driveNext } from "../../sdk/examples/driver.ts";
import { takeRide } from "../../sdk/examples/rider.ts";
import {
  type Client,
  connect,
  type Driving,
  type Event,
  type Position,
  type Resume,
  restOf,
  type Told,
} from "../../sdk/index.ts";
import { until } from "./browser.ts";
import { serve } from "./service.ts";

const PICKUP = { latitude: 43.7384, longitude: 7.4246 };
const DROPOFF = { latitude: 43.7445, longitude: 7.431 };
const here = (): Position => ({ ...PICKUP, timestamp_ms: Date.now() });

let service: Awaited<ReturnType<typeof serve>>;
let url: string;
let drivers = 0;

beforeAll(async () => {
  // Node has none before version 22.
  Object.assign(globalThis, { WebSocket });
  service = await serve({ keeps: true });
  await service.start();
  url = `${service.url.replace("http", "ws")}v1/ws`;
});

beforeEach(() => {
  drivers += 1;
});

afterAll(() => service?.stop());

async function killAndStart(): Promise<void> {
  await service.stop();
  await service.start();
}

/** Each test its own: a service that was killed may show a driver who has gone offline for a while. */
const kind = () => `car-${drivers}`;
const driverToken = () => service.token(`ana-${drivers}`, "driver");
const riderToken = () => service.token(`rosa-${drivers}`, "rider");

/** A client that keeps what it is told, and its place. */
function hearing(token: string, from?: Resume, over = url) {
  const told: Told[] = [];
  const kept: { place: Resume | undefined; lost: number } = { place: from, lost: 0 };
  const client = connect({
    url: over,
    getToken: () => token,
    place: {
      load: () => kept.place,
      save: (place) => {
        kept.place = place;
      },
    },
    onEvent: (event, at_ms, offset) => told.push({ event, at_ms, offset }),
    onLost: () => {
      kept.lost += 1;
    },
  });
  const heard = <K extends Event["kind"]>(
    kind: K,
    what: (it: Extract<Event, { kind: K }>) => boolean,
  ) =>
    until(`the event ${kind}`, async () =>
      told
        .map(({ event }) => event as Extract<Event, { kind: K }>)
        .find((it) => it.kind === kind && what(it)),
    );
  return { client, told, kept, heard };
}

const live = (client: Client) => until("the session", async () => client.state.kind === "live");
const sent = (driving: Driving, sinceMs = 0) =>
  until(
    "all positions sent",
    async () => driving.waiting === 0 && (driving.sentAtMs ?? -1) >= sinceMs,
  );

/** A way to the service that can be cut, while the service lives on. */
async function line() {
  const ends = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(Number(new URL(service.url).port), "127.0.0.1");
    for (const end of [near, far]) ends.add(end.on("error", () => {}));
    near.pipe(far).pipe(near);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1/ws`,
    cut() {
      server.close();
      for (const end of ends) end.destroy();
    },
    mend: () => listen(port),
  };
}

it("the examples take a whole ride, with a kill -9 in its middle", async () => {
  const seen: string[] = [];
  let killed: Promise<void> | undefined;
  const driven = driveNext(url, driverToken(), here);
  const taken = await takeRide(url, riderToken(), { pickup: PICKUP, dropoff: DROPOFF }, (what) => {
    if ("id" in what) return;
    seen.push(what.state);
    if (what.state === "accepted") killed = killAndStart();
  });
  expect(killed).toBeDefined();
  await killed;
  expect(taken?.state).toBe("completed");
  expect((await driven)?.ride_id).toBe(taken?.ride_id);
  expect(seen.slice(-4)).toEqual(["accepted", "arrived", "in_progress", "completed"]);
});

it("no event is lost or told twice over a kill -9, nor over a new page", async () => {
  const driver = hearing(driverToken());
  const rider = hearing(riderToken());
  const driving = driver.client.drive({ class: kind() });
  driving.report(here());
  await sent(driving);
  const { ride_id } = await rider.client.requestRide({
    pickup: PICKUP,
    dropoff: DROPOFF,
    vehicle_class: kind(),
  });
  const offer = await driver.heard("offer", ({ state }) => state === "open");
  await driver.client.acceptOffer(offer.offer_id);
  await rider.heard("ride", ({ state }) => state === "accepted");

  await service.stop();
  // Asked for while nobody is there.
  const chats = [1, 2, 3].map((nth) => rider.client.sendChat(ride_id, { text: `word ${nth}` }));
  const quick = driver.client.sendChat(ride_id, { quick: "on_my_way" });
  await service.start();
  const numbers = [...(await Promise.all(chats)), await quick];
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  await driver.heard("chat", ({ number }) => number === 4);
  await driver.client.readChat(ride_id, 4);
  await rider.heard("receipt", ({ by, read }) => by === "driver" && read === 4);

  // The rider's page is loaded again; something happens meanwhile.
  rider.client.close();
  // The newest position may have been lost with the service.
  const reportedMs = Date.now();
  driving.report(here());
  await sent(driving, reportedMs);
  await driver.client.arrive(ride_id);
  const again = hearing(riderToken(), rider.kept.place);
  await again.heard("ride", ({ state }) => state === "arrived");
  await again.client.cancelRide(ride_id);
  await again.heard("ride", ({ state }) => state === "cancelled");
  const offsets = [...rider.told, ...again.told].map(({ offset }) => offset);
  expect(offsets).toEqual(offsets.map((_, nth) => nth + 1));
  expect([rider.kept.lost, again.kept.lost]).toEqual([0, 0]);
  await driving.stop();
  driver.client.close();
  again.client.close();
});

it("the way of an outage arrives after it", async () => {
  const way = await line();
  const driver = hearing(driverToken(), undefined, way.url);
  const rider = hearing(riderToken());
  const driving = driver.client.drive({ class: kind() });
  // All in the past, a second apart: north for half a minute, then east. 10 m/s.
  const startMs = Date.now() - 300_000;
  const on = (second: number): Position => ({
    latitude: PICKUP.latitude + Math.min(second, 30) * 9e-5,
    longitude: PICKUP.longitude + Math.max(0, second - 30) * 12.4e-5,
    timestamp_ms: startMs + second * 1_000,
  });
  driving.report(on(0));
  await sent(driving);
  const { ride_id } = await rider.client.requestRide({
    pickup: PICKUP,
    dropoff: DROPOFF,
    vehicle_class: kind(),
  });
  const offer = await driver.heard("offer", ({ state }) => state === "open");
  await driver.client.acceptOffer(offer.offer_id);
  await driver.client.arrive(ride_id);
  await driver.client.startRide(ride_id);

  way.cut();
  await until("the loss", async () => driver.client.state.kind !== "live");
  for (let second = 1; second <= 60; second++) driving.report(on(second));
  expect(driving.waiting).toBeGreaterThan(10);
  const mendedMs = Date.now();
  await way.mend();
  await sent(driving, mendedMs);
  await driver.client.completeRide(ride_id);
  const track = await restOf(service.url, driverToken).track(ride_id);
  const corner = track.geometry?.coordinates.find(
    ([longitude, latitude]) =>
      Math.abs(longitude - on(30).longitude) < 7e-4 && Math.abs(latitude - on(30).latitude) < 5e-4,
  );
  expect(corner, JSON.stringify(track)).toBeDefined();
  expect(track.properties.times_ms.at(-1)).toBe(on(60).timestamp_ms);
  await driving.stop();
  driver.client.close();
  rider.client.close();
  way.cut();
});

it("the newest position arrives when the service is there again", async () => {
  const driver = connect({ url, getToken: driverToken });
  const driving = driver.drive({ class: kind() });
  driving.report(here());
  await sent(driving);
  await service.stop();
  await until("the loss", async () => driver.state.kind !== "live");
  driving.report({ ...here(), latitude: PICKUP.latitude + 1e-4 });
  const startedMs = Date.now();
  await service.start();
  await sent(driving, startedMs);
  const rest = restOf(service.url, () => service.token("olga", "operator"));
  const { vehicles } = await rest.nearby({ ...PICKUP, radius_m: 1_000 });
  const mine = vehicles.find(({ id }) => id === `ana-${drivers}`);
  expect(mine?.latitude).toBeCloseTo(PICKUP.latitude + 1e-4, 6);
  await driving.stop();
  driver.close();
});

it("vehicles by iterator: one comes, moves, and leaves when its driver stops", async () => {
  const client = connect({ url, getToken: () => service.token("olga", "operator") });
  const driver = connect({ url, getToken: driverToken });
  await live(client);
  const id = `ana-${drivers}`;
  const driving = driver.drive({ class: kind() });
  driving.report(here());
  let seen = 0;
  const area = { kind: "nearby", ...PICKUP, radius_m: 1_000 } as const;
  for await (const { vehicles, left } of client.subscribe(area)) {
    const mine = vehicles.find((vehicle) => vehicle.id === id);
    if (mine && seen++ === 0) driving.report({ ...here(), latitude: PICKUP.latitude + 1e-4 });
    else if (mine) void driving.stop();
    if (left.includes(id)) break;
  }
  expect(seen).toBeGreaterThan(1);
  driver.close();
  client.close();
});
