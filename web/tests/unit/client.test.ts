import { describe, expect, it, vi } from "vitest";
import { backoffMs } from "../../sdk/backoff.ts";
import { ConnectionLost } from "../../sdk/index.ts";
import { app, kinds, open, Socket, scripted, settled, waitMs } from "./scripted.ts";

scripted();

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
      app.token = () => Promise.resolve(`t${i + 2}`);
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
    app.token = () => Promise.reject(new TypeError("Failed to fetch"));
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
    expect(app.states.at(-1)).toMatchObject({ kind: "waiting", again: true });
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
    expect(app.states.at(-1)).toEqual({ kind: "stopped", code: 4500, reason: "no valid token" });
    expect(Socket.all).toHaveLength(1);
    app.client.retry();
    await settled();
    expect(Socket.all).toHaveLength(2);
  });

  it("goes on with a newer token when the service says that its own expires", async () => {
    await open();
    await Socket.last.welcome();
    app.token = () => Promise.resolve("t2");
    Socket.last.say({ type: "token_expiring", expires_in_ms: 60_000 });
    await settled();
    expect(Socket.last.sent.at(-1)).toEqual({ type: "hello", token: "t2" });
    await Socket.last.ok();
    // Where none can be had, the session goes on until it is ended.
    app.token = () => Promise.reject(new Error("offline"));
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
    app.page.dispatchEvent(new Event("online"));
    await settled();
    expect(Socket.all).toHaveLength(7);
  });

  it("asks for a sign of life after a silence, and leaves a dead line", async () => {
    await open();
    await Socket.last.welcome();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(Socket.last.sent.at(-1)).toEqual({ type: "ping", id: "p0" });
    Socket.last.say({ type: "pong", id: "p0", server_time_ms: 1 });
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
    app.page.dispatchEvent(new Event(event));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(Socket.all).toHaveLength(2);
  });

  it("takes what was under way for no answer, and a slow line for no dead one", async () => {
    await open();
    await Socket.last.welcome();
    app.page.dispatchEvent(new Event("offline"));
    Socket.last.say({ type: "pong", id: "an older one", server_time_ms: 1 });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(Socket.all).toHaveLength(1);
    // Behind what was asked for before it, the answer comes late.
    Socket.last.say({ type: "pong", id: "p1", server_time_ms: 1 });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(Socket.all).toHaveLength(1);
    app.page.dispatchEvent(new Event("offline"));
    Socket.last.say({ type: "pong", id: "p1", server_time_ms: 1 });
    await vi.advanceTimersByTimeAsync(8_000);
    expect(Socket.all).toHaveLength(2);
  });

  it("hears of the network again after `close` and `retry`", async () => {
    const client = await open();
    client.close();
    client.retry();
    await settled();
    await Socket.last.welcome();
    app.page.dispatchEvent(new Event("offline"));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(Socket.all).toHaveLength(3);
  });

  it("stays closed when who hears that it is lost closes it", async () => {
    const client = await open();
    client.onState(({ kind }) => kind === "waiting" && client.close());
    Socket.last.end(1006);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kinds()).toEqual(["connecting", "waiting", "stopped"]);
    expect(Socket.all).toHaveLength(1);
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
    const request = app.client.request({ type: "ping" });
    Socket.last.end(1006);
    await expect(request).rejects.toBeInstanceOf(ConnectionLost);
    await expect(app.client.request({ type: "ping" })).rejects.toBeInstanceOf(ConnectionLost);
  });
});

it("full jitter: anything from nothing up to a bound that doubles", () => {
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 0.999))).toEqual([
    999, 1_998, 3_996, 7_992,
  ]);
  expect(backoffMs(1_000, 0.999)).toBeLessThan(30_000);
  expect(backoffMs(5, 0)).toBe(0);
});
