// A service of the wire's shape without a service: for tests that need a word
// of the server at a certain moment, and for working on the page alone:
//   node tests/mock/service.mjs [--page DIR] [--roads FILE] [--vehicles N] [--interval MS]
// @ts-check
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { WebSocketServer } from "ws";

/**
 * @typedef {{id: string, handle: number, latitude: number, longitude: number, bearing?: number,
 *   speed?: number, timestamp_ms: number, class: string, state: "online" | "silent"}} MockVehicle
 */

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * The strictest policy that the page is known to work under.
 * @param {string[]} origins of the operator's map style, its tiles and glyphs
 */
export const policy = (origins = []) =>
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; " +
  "img-src 'self' data: blob:; worker-src 'self'; manifest-src 'self'; " +
  `connect-src ${["'self'", ...origins].join(" ")}; ` +
  "object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

/**
 * A frame of `ridecast.v1.bin`.
 * @param {string} subscription
 * @param {boolean} snapshot
 * @param {(MockVehicle & {introduce?: boolean})[]} vehicles
 * @param {number[]} left
 */
export function encodeFrame(subscription, snapshot, vehicles, left, baseMs = Date.now()) {
  /** @type {Buffer[]} */
  const parts = [];
  /** @param {string} text */
  const text = (text) => {
    const bytes = Buffer.from(text);
    parts.push(Buffer.from([bytes.length]), bytes);
  };
  parts.push(Buffer.from([1, snapshot ? 1 : 0]));
  text(subscription);
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(baseMs));
  head.writeUInt32LE(vehicles.length, 8);
  parts.push(head);
  for (const vehicle of vehicles) {
    const record = Buffer.alloc(19);
    record[0] =
      (vehicle.state === "silent" ? 1 : 0) |
      (vehicle.introduce ? 4 : 0) |
      (vehicle.bearing === undefined ? 0 : 8) |
      (vehicle.speed === undefined ? 0 : 16);
    record.writeUInt32LE(vehicle.handle, 1);
    record.writeInt32LE(Math.round(vehicle.latitude * 1e7), 5);
    record.writeInt32LE(Math.round(vehicle.longitude * 1e7), 9);
    record.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(vehicle.timestamp_ms))), 13);
    record[17] = Math.round(((vehicle.bearing ?? 0) * 256) / 360) & 255;
    record[18] = Math.min(255, Math.round((vehicle.speed ?? 0) * 4));
    parts.push(record);
    if (vehicle.introduce) {
      text(vehicle.class);
      text(vehicle.id);
    }
  }
  const tail = Buffer.alloc(4 + 4 * left.length);
  tail.writeUInt32LE(left.length);
  left.forEach((handle, index) => {
    tail.writeUInt32LE(handle, 4 + 4 * index);
  });
  parts.push(tail);
  return Buffer.concat(parts);
}

/**
 * @param {object} options
 * @param {number} [options.port] 0: any that is free
 * @param {string} [options.page] folder of the built page
 * @param {string} [options.roads] a GeoJSON file; without it the vehicles drive in zigzag
 * @param {number} [options.vehicles]
 * @param {number} [options.intervalMs] between two fixes of a vehicle
 * @param {string} [options.style] address of a map style for the page; one is at `/style.json`
 * @param {string[]} [options.origins] that the policy allows to ask for the style
 * @param {string} [options.token] the only good one; without it the page is given one
 */
export async function startMock({
  port = 0,
  page = "dist",
  roads,
  vehicles = 300,
  intervalMs = 1000,
  token,
  style,
  origins,
}) {
  const town = makeTown(roads, vehicles);
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://mock").pathname;
    response.setHeader("Content-Security-Policy", policy(origins));
    if (path === "/config.json") {
      response.end(
        JSON.stringify({
          token: token ? null : "mock",
          map: {
            bounds: town.bounds,
            roads: roads ? "/map/roads.geojson" : null,
            attribution:
              '<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>',
            style: style ?? null,
            dark_style: null,
          },
        }),
      );
    } else if (path.startsWith("/v1/rides") && token && !authorized(request, token)) {
      response.statusCode = 401;
      response.end("{}");
    } else if (path === "/v1/rides/counts") {
      const rides = town.rides.length;
      response.end(JSON.stringify({ counts: [{ state: "in_progress", rides }] }));
    } else if (path === "/v1/rides") {
      const { searchParams } = new URL(request.url ?? "/", "http://mock");
      const rides = town.rides.filter(({ state }) => state === searchParams.get("state"));
      response.end(JSON.stringify({ rides }));
    } else if (path === "/style.json") {
      // A page at another port is of another origin.
      response.setHeader("Access-Control-Allow-Origin", "*");
      response.end(JSON.stringify(makeStyle(`http://${request.headers.host}`)));
    } else if (path.startsWith("/fonts/")) {
      response.setHeader("Access-Control-Allow-Origin", "*");
      // No glyph at all is a font too; of no other font than the style's.
      response.statusCode = path.startsWith("/fonts/Own%20Font/") ? 200 : 404;
      response.end();
    } else if (path === "/map/roads.geojson" && roads) {
      createReadStream(roads).pipe(response);
    } else {
      const file = join(page, normalize(path === "/" ? "/index.html" : path));
      if (!existsSync(file)) {
        response.statusCode = 404;
        response.end();
        return;
      }
      const type = /** @type {Record<string, string>} */ (TYPES)[extname(file)];
      response.setHeader("Content-Type", type ?? "application/octet-stream");
      createReadStream(file).pipe(response);
    }
  });
  const sockets = new WebSocketServer({
    server,
    path: "/v1/ws",
    handleProtocols: () => "ridecast.v1.bin",
  });
  sockets.on("connection", (socket) => {
    /** @type {{south: number, west: number, north: number, east: number} | undefined} */
    let area;
    /** @type {Set<number>} */
    let held = new Set();
    let name = "";
    /** @param {MockVehicle} v */
    const inside = (v) =>
      area !== undefined &&
      v.latitude >= area.south &&
      v.latitude <= area.north &&
      (area.west <= area.east
        ? v.longitude >= area.west && v.longitude <= area.east
        : v.longitude >= area.west || v.longitude <= area.east);
    const push = (/** @type {MockVehicle[]} */ moved, snapshot = false) => {
      if (!area) return;
      const now = town.vehicles.filter(inside);
      const left = [...held].filter((h) => !now.some((v) => v.handle === h));
      const changed = now
        .filter((v) => snapshot || !held.has(v.handle) || moved.includes(v))
        .map((v) => ({ ...v, introduce: snapshot || !held.has(v.handle) }));
      held = new Set(now.map((v) => v.handle));
      if (snapshot || changed.length + left.length > 0)
        socket.send(encodeFrame(name, snapshot, changed, snapshot ? [] : left));
    };
    /** Subscriptions of the kind `density`. @type {Map<string, any>} */
    const counted = new Map();
    const count = (/** @type {string} */ subscription, /** @type {any} */ area) => ({
      type: "density",
      subscription,
      snapshot: true,
      resolution: 7,
      left: [],
      ...countCells(town.vehicles, area),
    });
    const counting = setInterval(() => {
      for (const [name, area] of counted) say(count(name, area));
    }, 1000);
    /** @param {object} message */
    const say = (message) => socket.send(JSON.stringify(message));
    socket.on("message", (data) => {
      const message = JSON.parse(String(data));
      const { id, type } = message;
      if (message.channel?.kind === "density" || counted.has(message.subscription)) {
        if (type === "unsubscribe") counted.delete(message.subscription);
        else counted.set(message.subscription, message.channel);
        say({ type: "ok", id });
        if (type !== "unsubscribe") say(count(message.subscription, message.channel));
        return;
      }
      if (type === "hello" && token && message.token !== token) {
        say({ type: "bye", code: 4500, reason: "no valid token" });
        socket.close(4500, "no valid token");
      } else if (type === "hello")
        say({
          type: "welcome",
          session: "s1",
          user: "mock",
          role: "operator",
          heartbeat_ms: 20_000,
          server_time_ms: Date.now(),
          epoch: "e1",
          offset: 0,
        });
      else if (type === "ping") say({ type: "pong", id, server_time_ms: Date.now() });
      else if (type === "unsubscribe") {
        area = undefined;
        held.clear();
        say({ type: "ok", id });
      } else if (type === "subscribe" || type === "update") {
        const a = message.channel;
        if ((a.north - a.south) * 111 * (a.east - a.west) * 90 > 40_000)
          return say({
            type: "error",
            id,
            code: "area_too_large",
            message: "at most 40,000 km²",
            retryable: false,
          });
        area = a;
        name = message.subscription;
        say({ type: "ok", id });
        push([], type === "subscribe");
      }
    });
    town.listeners.add(push);
    socket.on("close", () => {
      clearInterval(counting);
      town.listeners.delete(push);
    });
  });
  const timers = town.drive(intervalMs);
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    stop() {
      clearInterval(timers);
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Squares in place of H3's cells, about fifty pixels wide as those are.
 * @param {MockVehicle[]} vehicles
 * @param {{zoom: number, vehicle_class?: string}} area
 */
function countCells(vehicles, { zoom, vehicle_class }) {
  const side = 360 / 2 ** Math.round(zoom) / 10;
  /** @type {Map<string, {cell: string, vehicles: number, silent: number, busy: number, outline: number[][]}>} */
  const cells = new Map();
  const counted = vehicles.filter((v) => !vehicle_class || v.class === vehicle_class);
  for (const { latitude, longitude, state, handle } of counted) {
    const [west, south] = [longitude, latitude].map((at) => Math.floor(at / side) * side);
    const id = `${west} ${south}`;
    const [w, s] = [west ?? 0, south ?? 0];
    const outline = [
      [w, s],
      [w + side, s],
      [w + side, s + side],
      [w, s + side],
    ];
    const cell = cells.get(id) ?? { cell: id, vehicles: 0, silent: 0, busy: 0, outline };
    cell.vehicles += 1;
    if (state === "silent") cell.silent += 1;
    else if (handle % 6 === 1) cell.busy += 1;
    cells.set(id, cell);
  }
  return { cells: [...cells.values()], vehicles: counted.length };
}

/** @param {import("node:http").IncomingMessage} request @param {string} token */
const authorized = (request, token) => request.headers.authorization === `Bearer ${token}`;

/** A style as operators have: with a glyph server, which has but the fonts of the style.
 * @param {string} origin */
function makeStyle(origin) {
  const point = { type: "Point", coordinates: [7.42, 43.735] };
  return {
    version: 8,
    glyphs: `${origin}/fonts/{fontstack}/{range}.pbf`,
    sources: {
      town: { type: "geojson", data: { type: "Feature", properties: {}, geometry: point } },
    },
    layers: [
      { id: "own", type: "background", paint: { "background-color": "#ffd5e5" } },
      {
        id: "town",
        type: "symbol",
        source: "town",
        layout: { "text-field": "Град", "text-font": ["Own Font"] },
      },
    ],
  };
}

/** Vehicles that go up and down the roads; or, without roads, a diagonal.
 * @param {string | undefined} roads @param {number} count */
function makeTown(roads, count) {
  /** @type {[number, number][][]} */
  let lines = Array.from({ length: 40 }, (_, i) =>
    Array.from({ length: 8 }, (_, j) => [
      7.41 + (i % 8) * 0.003 + j * 0.0006,
      43.73 + Math.floor(i / 8) * 0.003 + (j % 2) * 0.0008,
    ]),
  );
  if (roads) {
    /** @type {{geometry: {coordinates: [number, number][]}}[]} */
    const features = JSON.parse(readFileSync(roads, "utf8")).features;
    lines = features.map((f) => f.geometry.coordinates).filter((line) => line.length > 3);
  }
  const all = lines.flat();
  const bounds = [1, 0].flatMap((axis) => [
    Math.min(...all.map((p) => p[axis] ?? 0)),
    Math.max(...all.map((p) => p[axis] ?? 0)),
  ]);
  const order = [bounds[0], bounds[2], bounds[1], bounds[3]];
  /** @type {(MockVehicle & {line: [number, number][], at: number})[]} */
  const vehicles = Array.from({ length: count }, (_, i) => {
    const line = /** @type {[number, number][]} */ (
      lines[Math.floor(Math.random() * lines.length)]
    );
    const [longitude, latitude] = /** @type {[number, number]} */ (line[0]);
    return {
      id: `d${i}`,
      handle: i,
      latitude,
      longitude,
      timestamp_ms: Date.now(),
      class: i % 5 ? "car" : "van",
      state: i % 20 === 19 ? "silent" : "online",
      line,
      at: 0,
    };
  });
  /** @type {Set<(moved: MockVehicle[]) => void>} */
  const listeners = new Set();
  // One vehicle of six drives somebody for ever.
  const rides = vehicles
    .filter((_, i) => i % 6 === 1)
    .map(({ id, line }) => {
      const [from, to] = [line[0], line.at(-1)].map((at) => ({
        longitude: at?.[0],
        latitude: at?.[1],
      }));
      return {
        ride_id: `ride-${id}`,
        state: "in_progress",
        version: 5,
        pickup: from,
        dropoff: to,
        rider: `rider-of-${id}`,
        driver: { id, vehicle: { class: "car" } },
        requested_at_ms: Date.now(),
      };
    });
  return {
    vehicles,
    rides,
    bounds: order,
    listeners,
    /** @param {number} intervalMs */
    drive(intervalMs) {
      let turn = 0;
      return setInterval(() => {
        turn += 1;
        // A tenth of the vehicles each tenth of the interval.
        const moved = vehicles.filter((v) => v.handle % 10 === turn % 10 && v.state === "online");
        for (const v of moved) advance(v, (10 * intervalMs) / 1000);
        for (const listener of listeners) listener(moved);
      }, intervalMs / 10);
    },
  };
}

/** @param {MockVehicle & {line: [number, number][], at: number}} v @param {number} metres */
function advance(v, metres) {
  let rest = metres;
  while (rest > 0) {
    const next = v.line[v.at + 1];
    if (!next) {
      v.line = v.line.toReversed();
      v.at = 0;
      continue;
    }
    const north = (next[1] - v.latitude) * 111_000;
    const east = (next[0] - v.longitude) * 111_000 * Math.cos((v.latitude * Math.PI) / 180);
    const way = Math.hypot(north, east);
    v.bearing = ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
    const part = Math.min(1, rest / Math.max(way, 1e-6));
    v.latitude += (next[1] - v.latitude) * part;
    v.longitude += (next[0] - v.longitude) * part;
    rest -= way * part + 1e-6;
    if (part === 1) v.at += 1;
  }
  v.speed = 10;
  v.timestamp_ms = Date.now();
}

if (process.argv[1]?.endsWith("service.mjs")) {
  const { values } = parseArgs({
    options: {
      page: { type: "string" },
      roads: { type: "string" },
      vehicles: { type: "string", default: "300" },
      interval: { type: "string", default: "1000" },
      port: { type: "string", default: "8080" },
    },
  });
  const mock = await startMock({
    port: Number(values.port),
    ...(values.page && { page: values.page }),
    ...(values.roads && { roads: values.roads }),
    vehicles: Number(values.vehicles),
    intervalMs: Number(values.interval),
  });
  console.log(mock.url);
}
