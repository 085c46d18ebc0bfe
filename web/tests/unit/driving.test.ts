import { expect, it, vi } from "vitest";
import { app, cut, open, Socket, scripted, settled } from "./scripted.ts";

scripted();

const VEHICLE = { class: "car", plate: "SBX 1234" };
const ONLINE = { type: "go_online", vehicle: VEHICLE };
const at = (second: number) => ({
  latitude: second / 1_000,
  longitude: 0,
  timestamp_ms: second * 1_000,
});
/** The seconds of the positions that were sent, message by message. */
const sent = () =>
  Socket.last.requests
    .filter(({ type }) => type === "positions")
    .map(({ positions }) =>
      (positions as { timestamp_ms: number }[]).map((it) => it.timestamp_ms / 1_000),
    );

async function drive(options = {}) {
  await open();
  const driving = app.client.drive(VEHICLE, options);
  await Socket.last.welcome();
  await Socket.last.ok();
  return driving;
}

it("goes online and sends each position at once", async () => {
  const onChange = vi.fn();
  const driving = await drive({ onChange });
  driving.report(at(1));
  driving.report(at(2));
  expect(Socket.last.requests[0]).toEqual(ONLINE);
  expect(sent()).toEqual([[1], [2]]);
  expect(driving.sentAtMs).toBeUndefined();
  onChange.mockClear();
  await Socket.last.ok({ accepted: 1 });
  expect(driving.sentAtMs).toBe(Date.now());
  expect(onChange).toHaveBeenCalled();
});

it("holds positions back while replies are missing, and sends them together then", async () => {
  const driving = await drive();
  for (let second = 0; second <= 9; second++) driving.report(at(second));
  expect(sent()).toEqual([[0], [1], [2], [3]]);
  expect(driving.waiting).toBe(2);
  await Socket.last.ok({ accepted: 1 });
  // The newest, and what is five seconds before it.
  expect(sent().at(-1)).toEqual([4, 9]);
  expect(driving.waiting).toBe(0);
});

it("brings the way of an outage after going online again, thinned, the oldest first", async () => {
  const driving = await drive({ trail: { max: 3, everyMs: 10_000 } });
  driving.report(at(0));
  // In a line that is dead already: nobody answers.
  await settled();
  Socket.last.end(1006);
  await settled();
  for (let second = 1; second <= 57; second++) driving.report(at(second));
  expect(driving.waiting).toBe(4);
  await vi.advanceTimersByTimeAsync(500);
  await Socket.last.welcome();
  expect(Socket.last.requests[0]).toEqual(ONLINE);
  expect(sent()).toEqual([[30, 40, 50, 57]]);
});

it("sends again what had no reply", async () => {
  const driving = await drive();
  driving.report(at(0));
  driving.report(at(1));
  driving.report(at(6));
  await cut();
  expect(driving.waiting).toBe(2);
  await Socket.last.welcome();
  expect(sent()).toEqual([[0, 6]]);
  // The first had arrived.
  await Socket.last.ok({ accepted: 1, refused: [{ index: 0, code: "position_out_of_order" }] });
  expect([driving.waiting, driving.refused]).toEqual([0, undefined]);
});

it("tells why a position was refused, and goes online again when it is not", async () => {
  const driving = await drive();
  driving.report(at(0));
  await Socket.last.ok({ accepted: 0, refused: [{ index: 0, code: "position_jump" }] });
  expect(driving.refused).toBe("position_jump");
  driving.report(at(1));
  await Socket.last.ok({ accepted: 1 });
  expect(driving.refused).toBeUndefined();
  driving.report(at(2));
  await Socket.last.ok({ accepted: 0, refused: [{ index: 0, code: "not_online" }] });
  expect(Socket.last.requests.at(-1)).toEqual(ONLINE);
});

it("changes the vehicle, and goes offline, also after a reconnect", async () => {
  const driving = await drive();
  const van = { class: "van" };
  driving.change(van);
  expect(Socket.last.requests.at(-1)).toEqual({ type: "go_online", vehicle: van });
  Socket.last.end(1006);
  driving.report(at(0));
  const stopped = driving.stop();
  driving.report(at(1));
  await vi.advanceTimersByTimeAsync(1_000);
  await Socket.last.welcome();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(Socket.last.requests).toEqual([{ type: "go_offline" }]);
  await Socket.last.ok();
  await stopped;
  await cut();
  await Socket.last.welcome();
  expect(Socket.last.requests).toEqual([]);
});
