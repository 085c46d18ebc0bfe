import { describe, expect, it, vi } from "vitest";
import { type Client, ConnectionLost, type Ride, ServiceError } from "../../sdk/index.ts";
import { app, cut, open, Socket, scripted, settled, waitMs } from "./scripted.ts";

scripted();

const PLACE = { latitude: 1, longitude: 2 };
const ride = { ride_id: "r1", state: "requested" } as Ride;

/** Each call, what it sends, and what the service answers. */
const CALLS: [
  string,
  (client: Client) => Promise<unknown>,
  object,
  { ride?: Ride; number?: number },
][] = [
  [
    "cancelRide",
    (it) => it.cancelRide("r1", "late"),
    { type: "cancel_ride", ride_id: "r1", reason: "late" },
    { ride },
  ],
  ["acceptOffer", (it) => it.acceptOffer("o1"), { type: "accept_offer", offer_id: "o1" }, { ride }],
  ["declineOffer", (it) => it.declineOffer("o1"), { type: "decline_offer", offer_id: "o1" }, {}],
  [
    "arrive",
    (it) => it.arrive("r1", { force: true }),
    { type: "arrive", ride_id: "r1", force: true },
    { ride },
  ],
  ["startRide", (it) => it.startRide("r1"), { type: "start_ride", ride_id: "r1" }, { ride }],
  [
    "completeRide",
    (it) => it.completeRide("r1"),
    { type: "complete_ride", ride_id: "r1" },
    { ride },
  ],
  [
    "reassignRide",
    (it) => it.reassignRide("r1"),
    { type: "reassign_ride", ride_id: "r1" },
    { ride },
  ],
  [
    "sendChat",
    (it) => it.sendChat("r1", { quick: "here" }, { idempotency_key: "k" }),
    { type: "send_chat", ride_id: "r1", quick: "here", idempotency_key: "k" },
    { number: 3 },
  ],
  ["readChat", (it) => it.readChat("r1", 3), { type: "read_chat", ride_id: "r1", number: 3 }, {}],
];

describe("a call", () => {
  it.each(CALLS)("%s says what the protocol has for it", async (_, call, sent, reply) => {
    await open();
    await Socket.last.welcome();
    const answer = call(app.client);
    await settled();
    expect(Socket.last.requests).toEqual([sent]);
    await Socket.last.ok(reply);
    expect(await answer).toEqual(reply.ride ?? reply.number);
  });

  it("requestRide makes one key for all that it sends, and takes a given one", async () => {
    await open();
    await Socket.last.welcome();
    const wish = { pickup: PLACE, dropoff: PLACE };
    const answer = app.client.requestRide(wish);
    await settled();
    const [first] = Socket.last.requests;
    expect(`${first?.idempotency_key}`).toMatch(/^[\d-]{4,64}$/);
    await cut();
    await Socket.last.welcome();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Socket.last.requests).toEqual([first]);
    await Socket.last.ok({ ride });
    expect(await answer).toEqual(ride);
    app.client.requestRide({ ...wish, idempotency_key: "mine" }).catch(() => {});
    await settled();
    expect(Socket.last.requests.at(-1)).toEqual({
      type: "request_ride",
      ...wish,
      idempotency_key: "mine",
    });
  });

  it("waits for a session, and is sent again when no reply comes or it may pass", async () => {
    await open();
    const answer = app.client.startRide("r1");
    await Socket.last.welcome();
    expect(Socket.last.requests).toHaveLength(1);
    // No reply in 10 s, then half a second of the back-off.
    await vi.advanceTimersByTimeAsync(10_500);
    expect(Socket.last.requests).toHaveLength(2);
    await Socket.last.refuse("unavailable", true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Socket.last.requests).toHaveLength(3);
    await Socket.last.ok({ ride });
    expect(await answer).toEqual(ride);
    expect(Socket.all).toHaveLength(1);
  });

  it("is not sent again once it is refused", async () => {
    await open();
    await Socket.last.welcome();
    const refused = expect(app.client.startRide("r1")).rejects.toBeInstanceOf(ServiceError);
    await settled();
    await Socket.last.refuse("wrong_ride_state");
    await refused;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(
      Socket.all.flatMap((socket) => socket.requests).filter(({ type }) => type === "start_ride"),
    ).toHaveLength(1);
  });

  it("gives up after its patience, and at once when the connection is stopped", async () => {
    await open({ patienceMs: 30_000 });
    const late = expect(app.client.startRide("r1")).rejects.toBeInstanceOf(ConnectionLost);
    await vi.advanceTimersByTimeAsync(30_000);
    await late;
    await vi.advanceTimersByTimeAsync(waitMs());
    await Socket.last.welcome();
    const stopped = expect(app.client.startRide("r1")).rejects.toBeInstanceOf(ConnectionLost);
    Socket.last.end(4500);
    await settled();
    await stopped;
    await expect(app.client.startRide("r1")).rejects.toBeInstanceOf(ConnectionLost);
  });

  it("reassignRide is sent once only", async () => {
    await open();
    await expect(app.client.reassignRide("r1")).rejects.toBeInstanceOf(ConnectionLost);
    await Socket.last.welcome();
    const lost = expect(app.client.reassignRide("r1")).rejects.toBeInstanceOf(ConnectionLost);
    await cut();
    await lost;
    await Socket.last.welcome();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(Socket.last.requests).toEqual([]);
  });
});

it("knows who it is and the service's clock", async () => {
  const states: string[] = [];
  await open();
  const forget = app.client.onState(({ kind }) => states.push(kind));
  vi.setSystemTime(1_000_000);
  Socket.last.say({
    type: "welcome",
    session: "s",
    user: "rosa",
    role: "rider",
    heartbeat_ms: 20_000,
    server_time_ms: 1_000_700,
  });
  expect(app.client.user).toEqual({ id: "rosa", role: "rider" });
  expect(app.client.serverNowMs()).toBe(1_000_700);
  vi.setSystemTime(1_005_000);
  Socket.last.say({ type: "pong", server_time_ms: 1_005_900 });
  expect(app.client.serverNowMs()).toBe(1_005_900);
  forget();
  Socket.last.end(1006);
  expect(states).toEqual(["live"]);
});
