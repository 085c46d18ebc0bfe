import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatMessage, ChatPage, Ride } from "../../sdk/index.ts";
import { Chat } from "../../src/trip/chat.ts";

const PLACE = { latitude: 0, longitude: 0 };

function ride(state: Ride["state"], driver?: string): Ride {
  const card = driver === undefined ? {} : { driver: { id: driver, vehicle: { class: "car" } } };
  const ends = { pickup: PLACE, dropoff: PLACE };
  return { ride_id: "r1", state, version: 1, ...ends, requested_at_ms: 0, ...card };
}

function message(number: number, from: "rider" | "driver", text: string): ChatMessage {
  return { ride_id: "r1", number, from, text, at_ms: number };
}

let stands: Map<string, string>;

beforeEach(() => {
  stands = new Map();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => stands.get(key) ?? null,
    setItem: (key: string, value: string) => stands.set(key, value),
    removeItem: (key: string) => stands.delete(key),
  });
});

function chat(page: ChatPage = { messages: [], receipts: [] }, now = ride("accepted", "ana")) {
  const replies: { resolve(number: number): void; reject(error: Error): void; key: string }[] = [];
  const read = vi.fn(async () => undefined);
  const load = vi.fn(async () => page);
  const talk = new Chat({
    me: "rider",
    read,
    load,
    send: (_ride, _body, key) =>
      new Promise((resolve, reject) => replies.push({ resolve, reject, key })),
  });
  // As the page does before it knows of a ride.
  talk.follow(undefined);
  talk.follow(now);
  return { talk, replies, read, load };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const shown = (talk: Chat) => talk.lines.value.map(({ text, state }) => `${text}: ${state}`);

beforeAll(() => {
  vi.stubGlobal("document", { hidden: false });
});

describe("an own message", () => {
  it("is under way, then sent, delivered and read, and stays the same line", async () => {
    const { talk, replies } = chat();
    talk.send({ text: "here" });
    expect(shown(talk)).toEqual(["here: sending"]);
    const key = talk.lines.value[0]?.key;
    replies[0]?.resolve(1);
    await settled();
    talk.event({ kind: "chat", ...message(1, "rider", "here") });
    expect(shown(talk)).toEqual(["here: sent"]);
    talk.event({ kind: "receipt", ride_id: "r1", by: "driver", delivered: 1, read: 0 });
    expect(shown(talk)).toEqual(["here: delivered"]);
    talk.event({ kind: "receipt", ride_id: "r1", by: "driver", delivered: 1, read: 1 });
    expect(shown(talk)).toEqual(["here: read"]);
    expect(talk.lines.value[0]?.key).toBe(key);
  });

  it("is not shown twice when its event comes before the reply", async () => {
    const { talk, replies } = chat();
    talk.send({ text: "here" });
    talk.event({ kind: "chat", ...message(1, "rider", "here") });
    expect(shown(talk)).toEqual(["here: sent"]);
    replies[0]?.resolve(1);
    await settled();
    expect(shown(talk)).toEqual(["here: sent"]);
  });

  it("that did not get through says so, and goes out again under the same key", async () => {
    const { talk, replies } = chat();
    talk.send({ text: "here" });
    replies[0]?.reject(new Error("offline"));
    await settled();
    expect(shown(talk)).toEqual(["here: failed"]);
    talk.again(talk.lines.value[0]?.key ?? "");
    expect(shown(talk)).toEqual(["here: sending"]);
    expect(replies.map(({ key }) => key)).toEqual([replies[0]?.key, replies[0]?.key]);
  });
});

describe("the other side's", () => {
  it("are counted until they are seen", () => {
    const { talk, read } = chat();
    talk.event({ kind: "chat", ...message(1, "driver", "at the gate") });
    talk.event({ kind: "chat", ...message(2, "driver", "where are you?") });
    expect(talk.unread.value).toBe(2);
    expect(read).not.toHaveBeenCalled();
    talk.show(true);
    expect(talk.unread.value).toBe(0);
    expect(read).toHaveBeenCalledWith("r1", 2);
    talk.event({ kind: "chat", ...message(3, "driver", "hello?") });
    expect(read).toHaveBeenLastCalledWith("r1", 3);
  });

  it("that were seen before the page was opened are not new", async () => {
    const { talk } = chat({
      messages: [message(1, "driver", "old"), message(2, "driver", "new")],
      receipts: [{ ride_id: "r1", by: "rider", delivered: 2, read: 1 }],
    });
    await settled();
    expect(talk.unread.value).toBe(1);
  });
});

describe("another driver", () => {
  it("begins anew: nothing of the talk with the one before is shown", async () => {
    const { talk, load } = chat();
    await settled();
    talk.event({ kind: "chat", ...message(1, "driver", "hello") });
    talk.follow(ride("requested"));
    expect(talk.lines.value).toEqual([]);
    talk.follow(ride("accepted", "bob"));
    expect(load).toHaveBeenCalledTimes(2);
    expect(talk.lines.value).toEqual([]);
  });

  it("is not the ride's end: the talk stays", () => {
    const { talk } = chat();
    talk.event({ kind: "chat", ...message(1, "driver", "hello") });
    talk.follow(ride("completed"));
    expect(shown(talk)).toEqual(["hello: sent"]);
  });
});

describe("a reload", () => {
  const keysOf = ({ replies }: ReturnType<typeof chat>) => replies.map(({ key }) => key);

  it("sends what had no answer yet once more, under the same key and in its order", async () => {
    const before = chat();
    before.talk.send({ text: "at the gate" });
    before.talk.send({ quick: "here" });
    before.talk.send({ text: "in a red coat" });
    before.replies[0]?.resolve(1);
    await settled();
    const after = chat();
    expect(keysOf(after)).toEqual(keysOf(before).slice(1));
    expect(after.talk.lines.value.map(({ text, quick, state }) => [text ?? quick, state])).toEqual([
      ["here", "sending"],
      ["in a red coat", "sending"],
    ]);
    after.replies.forEach(({ resolve }, i) => void resolve(i + 2));
    await settled();
    expect(chat().replies).toEqual([]);
    expect(stands.size).toBe(0);
  });

  it("shows once what had arrived although its answer was lost", async () => {
    chat().talk.send({ text: "here" });
    const { talk, replies } = chat({ messages: [message(1, "rider", "here")], receipts: [] });
    await settled();
    expect(shown(talk)).toEqual(["here: sent"]);
    replies[0]?.resolve(1);
    await settled();
    expect(shown(talk)).toEqual(["here: sent"]);
  });

  it("does not take an older message of the same words for it", async () => {
    const said = { messages: [message(1, "rider", "ok")], receipts: [] };
    const before = chat(said);
    await settled();
    before.talk.send({ text: "ok" });
    const { talk, replies } = chat(said);
    await settled();
    expect(shown(talk)).toEqual(["ok: sent", "ok: sending"]);
    replies[0]?.resolve(2);
    talk.event({ kind: "chat", ...message(2, "rider", "ok") });
    await settled();
    expect(shown(talk)).toEqual(["ok: sent", "ok: sent"]);
    expect(new Set(talk.lines.value.map(({ key }) => key)).size).toBe(2);
  });

  it("leaves it to the person to send again what had failed", async () => {
    const before = chat();
    before.talk.send({ text: "here" });
    before.replies[0]?.reject(new Error("refused"));
    await settled();
    const { talk, replies } = chat();
    expect(shown(talk)).toEqual(["here: failed"]);
    expect(replies).toEqual([]);
    talk.again(talk.lines.value[0]?.key ?? "");
    expect(replies.map(({ key }) => key)).toEqual([before.replies[0]?.key]);
  });

  it.each([
    ["to another driver", ride("accepted", "bob")],
    ["while a driver is looked for", ride("requested")],
    ["on another ride", { ...ride("accepted", "ana"), ride_id: "r2" }],
    ["after the ride's end", ride("completed")],
  ])("sends nothing of it %s, and keeps it no longer", (_, now) => {
    chat().talk.send({ text: "here" });
    expect(stands.size).toBe(1);
    const { talk, replies } = chat(undefined, now);
    expect(talk.lines.value).toEqual([]);
    expect(replies).toEqual([]);
    expect(stands.size).toBe(0);
  });

  it("has nothing to keep once the ride has ended", () => {
    const { talk } = chat();
    talk.send({ text: "here" });
    talk.follow(ride("completed"));
    talk.send({ text: "my phone is in your car" });
    expect(shown(talk)).toEqual(["here: sending", "my phone is in your car: sending"]);
    expect(stands.size).toBe(0);
  });

  it("keeps no more than somebody writes without a connection", () => {
    const { talk } = chat();
    for (let i = 0; i < 60; i++) talk.send({ text: `${i}` });
    expect(shown(chat().talk)).toHaveLength(50);
  });

  it("is not hindered by what somebody else wrote there", () => {
    stands.set("ridecast.chat.rider", '{"ride_id":"r1","driver_id":"ana","messages":[{"key":1}]}');
    expect(chat().talk.lines.value).toEqual([]);
  });
});
