import { describe, expect, it, vi } from "vitest";
import type { Resume } from "../../sdk/index.ts";
import { app, cut, open, Socket, scripted, settled, tell, waitMs } from "./scripted.ts";

scripted();

const acks = () => Socket.last.sent.filter(({ type }) => type === "ack");

describe("the inbox", () => {
  it("hands on each event with its time, and progress", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5, 6);
    const eta = { toward: "pickup", seconds: 90, distance_m: 500, at_ms: 1 } as const;
    Socket.last.say({ type: "progress", ride_id: "r1", eta });
    expect(app.heard).toEqual([5, 6, "90 s"]);
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
    expect(app.heard).toEqual([5, 6, 7]);
    expect(console.warn).not.toHaveBeenCalled();
  });

  it("comes back for events that are missing", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5, 7);
    expect(app.heard).toEqual([5]);
    expect(Socket.last.closedWith).toBe(4502);
    await vi.advanceTimersByTimeAsync(waitMs());
    await Socket.last.welcome({ epoch: "e", offset: 5, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "e", offset: 5 } });
    tell(6, 7);
    expect(app.heard).toEqual([5, 6, 7]);
  });

  it("says that events are lost, and goes on from the new place", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5);
    await cut();
    await Socket.last.welcome({ epoch: "f", offset: 2, recovered: false });
    tell(3);
    expect(app.heard).toEqual([5, "lost", 3]);
    await cut();
    await Socket.last.welcome({ epoch: "f", offset: 3, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "f", offset: 3 } });
  });

  it("learns its place later when the store was away", async () => {
    await open();
    await Socket.last.welcome();
    Socket.last.say({ type: "inbox", epoch: "e", offset: 8 });
    // Whatever came between welcome and this is not told.
    expect(app.heard).toEqual(["lost"]);
    tell(9);
    await cut();
    await Socket.last.welcome();
    Socket.last.say({ type: "inbox", epoch: "e", offset: 9, recovered: true });
    tell(10);
    expect(app.heard).toEqual(["lost", 9, 10]);
  });

  it("a session that never learnt its place has missed what came after it", async () => {
    await open();
    await Socket.last.welcome();
    await cut();
    expect(app.heard).toEqual([]);
    await Socket.last.welcome({ epoch: "e", offset: 8 });
    expect(app.heard).toEqual(["lost"]);
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

  it("keeps its place beyond the page", async () => {
    const saved: Resume[] = [];
    const place = { load: () => ({ epoch: "e", offset: 7 }), save: (it: Resume) => saved.push(it) };
    await open({ place });
    await Socket.last.welcome({ epoch: "e", offset: 7, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "e", offset: 7 } });
    tell(8);
    expect(saved.at(-1)).toEqual({ epoch: "e", offset: 8 });
    expect(app.heard).toEqual([8]);
    app.client.close();
    // Where nothing is kept of that place, something is lost, even to a new page.
    await open({ place });
    await Socket.last.welcome({ epoch: "f", offset: 3, recovered: false });
    expect(app.heard).toEqual([8, "lost"]);
  });
});

describe("events that are read", () => {
  /** The offsets that a reader has taken, which takes one when it is let. */
  function reader() {
    const events = app.client.events();
    const read: number[] = [];
    const next = async () => {
      const { value } = await events.next();
      if (value) read.push(value.offset);
    };
    return { read, next, events };
  }

  it("are acknowledged when the next is asked for, and not told to `onEvent`", async () => {
    const saved: number[] = [];
    await open({ place: { load: () => null, save: ({ offset }) => saved.push(offset) } });
    const { read, next } = reader();
    await Socket.last.welcome({ epoch: "e", offset: 4 });
    tell(5, 6);
    await next();
    await vi.advanceTimersByTimeAsync(2_000);
    expect([read, acks(), saved]).toEqual([[5], [], [4]]);
    await next();
    expect([read, acks(), saved]).toEqual([[5, 6], [{ type: "ack", offset: 5 }], [4, 5]]);
    expect(app.heard).toEqual([]);
  });

  it("come again in the next session if they were not dealt with, each once", async () => {
    await open();
    const { read, next } = reader();
    await Socket.last.welcome({ epoch: "e", offset: 0 });
    tell(1, 2, 3);
    await next();
    await next();
    await cut();
    expect(read).toEqual([1, 2]);
    await Socket.last.welcome({ epoch: "e", offset: 1, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "e", offset: 1 } });
    // The second is in the reader's hand.
    tell(2, 3);
    await next();
    expect(read).toEqual([1, 2, 3]);
  });

  it("are dealt with when the loop is left, and the next loop goes on", async () => {
    await open();
    await Socket.last.welcome({ epoch: "e", offset: 0 });
    const read: number[] = [];
    const one = async () => {
      for await (const { offset } of app.client.events()) return read.push(offset);
      return undefined;
    };
    const first = one();
    tell(1, 2);
    await first;
    await one();
    expect(read).toEqual([1, 2]);
  });

  it("wait here up to a bound, and those after them in the service", async () => {
    await open();
    const { read, next } = reader();
    await Socket.last.welcome({ epoch: "e", offset: 0 });
    tell(...Array.from({ length: 1_200 }, (_, nth) => nth + 1));
    for (let nth = 0; nth < 1_000; nth++) await next();
    expect(Socket.all).toHaveLength(1);
    const more = next();
    await settled();
    // There is room: a new session brings the rest.
    expect(Socket.all).toHaveLength(2);
    await Socket.last.welcome({ epoch: "e", offset: 1_000, recovered: true });
    expect(Socket.last.sent[0]).toMatchObject({ resume: { epoch: "e", offset: 1_000 } });
    tell(1_001);
    await more;
    expect(read.at(-1)).toBe(1_001);
    expect(read).toHaveLength(1_001);
  });

  it("end when the client is closed", async () => {
    await open();
    const { events } = reader();
    const next = events.next();
    app.client.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
