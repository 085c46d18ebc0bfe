import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { History } from "../../sdk/index.ts";
import type { Fleet } from "../../src/fleet/fleet.ts";
import { advanced, nextChunk, within } from "../../src/operator/replay/ahead.ts";
import { fromField, toField } from "../../src/operator/replay/local-time.ts";
import { Tape } from "../../src/operator/replay/tape.ts";

/** Fixes of vehicles at these seconds, each a little further to the north. */
function history(
  toS: number,
  seconds: Record<string, number[]>,
  busy: (second: number) => boolean = () => false,
): History {
  return {
    from_ms: 0,
    to_ms: toS * 1000,
    kept_from_ms: 0,
    every_ms: 5_000,
    vehicles: Object.entries(seconds).map(([id, times]) => ({
      id,
      class: "car",
      times_ms: times.map((second) => second * 1000),
      line: times.map((second): [number, number] => [7, 43 + second / 1000]),
      busy: times.map((second) => Number(busy(second))),
    })),
  };
}

const ids = (vehicles: { id: string }[]) => vehicles.map(({ id }) => id);

describe("the tape", () => {
  let tape: Tape;

  beforeEach(() => {
    tape = new Tape(0);
    tape.append(history(60, { a: [0, 5, 10, 15, 20, 25], b: [12], c: [31, 36] }));
  });

  it("shows at a moment who was heard shortly before", () => {
    const { snapshot, vehicles } = tape.snapshot(20_000);
    expect(snapshot).toBe(true);
    expect(ids(vehicles)).toEqual(["a", "b"]);
    expect(vehicles[0]).toMatchObject({ timestamp_ms: 20_000, latitude: 43.02, bearing: 0 });
    expect(ids(tape.snapshot(40_000).vehicles)).toEqual(["a", "c"]);
  });

  it("plays the newest fix of each, once, and lets go who is not heard any more", () => {
    tape.snapshot(8_000);
    expect(ids(tape.play(9_000).vehicles)).toEqual([]);
    const later = tape.play(22_000);
    expect(later.vehicles.map(({ id, timestamp_ms }) => [id, timestamp_ms])).toEqual([
      ["a", 20_000],
      ["b", 12_000],
    ]);
    expect(tape.play(33_000).left).toEqual(["b"]);
    expect(tape.play(34_000).left).toEqual([]);
    expect(tape.play(50_000).left).toEqual(["a"]);
  });

  it("plays backwards by a snapshot", () => {
    tape.snapshot(50_000);
    expect(ids(tape.snapshot(10_000).vehicles)).toEqual(["a"]);
  });

  it("takes the next part, of which the first fixes may be there already", () => {
    tape.snapshot(25_000);
    tape.append(history(120, { a: [20, 25, 61], d: [70] }));
    expect(tape.toMs).toBe(120_000);
    expect(tape.play(70_000).vehicles.map(({ id, timestamp_ms }) => [id, timestamp_ms])).toEqual([
      ["a", 61_000],
      ["d", 70_000],
    ]);
  });

  it("forgets what is long played, and nothing that is shown", () => {
    tape.snapshot(25_000);
    const before = tape.fixes;
    tape.dropBefore(24_000);
    expect(tape.fixes).toBeLessThan(before);
    expect(tape.play(26_000).left).toEqual([]);
    expect(tape.play(60_000).left).toEqual(["a", "b"]);
    tape.dropBefore(60_000);
    expect(tape.fixes).toBe(0);
  });

  it("stays bounded over hours", () => {
    tape = new Tape(0);
    tape.snapshot(0);
    for (let minute = 0; minute < 180; minute++) {
      const seconds = Array.from({ length: 12 }, (_, i) => minute * 60 + i * 5);
      tape.append(history(minute * 60 + 60, { a: seconds, b: seconds }));
      tape.play((minute + 1) * 60_000 - 1);
      tape.dropBefore((minute - 1) * 60_000);
    }
    expect(tape.fixes).toBeLessThan(100);
  });

  it("knows who drove a ride at the moment that was played", () => {
    tape = new Tape(0);
    tape.append(history(60, { a: [0, 5, 10] }, (second) => second >= 5));
    tape.snapshot(4_000);
    expect(tape.isBusy("a")).toBe(false);
    tape.play(6_000);
    expect(tape.isBusy("a")).toBe(true);
    expect(tape.isBusy("nobody")).toBe(false);
  });
});

describe("the way ahead", () => {
  const HOUR = 3_600_000;

  it("is fetched in parts of which the next comes before the last is played", () => {
    expect(nextChunk({ atMs: 0, toMs: 0, endMs: HOUR, speed: 1 })).toEqual([0, 60_000]);
    expect(nextChunk({ atMs: 10_000, toMs: 60_000, endMs: HOUR, speed: 1 })).toBeNull();
    expect(nextChunk({ atMs: 31_000, toMs: 60_000, endMs: HOUR, speed: 1 })).toEqual([
      60_000, 120_000,
    ]);
    // Five minutes at most, however fast.
    expect(nextChunk({ atMs: 0, toMs: 0, endMs: HOUR, speed: 60 })).toEqual([0, 300_000]);
    expect(nextChunk({ atMs: 0, toMs: 0, endMs: 5_000, speed: 1 })).toEqual([0, 5_000]);
    expect(nextChunk({ atMs: 0, toMs: 5_000, endMs: 5_000, speed: 1 })).toBeNull();
  });

  it("is played by the speed, and not beyond what is there", () => {
    const at = { atMs: 1_000, toMs: 60_000, endMs: HOUR };
    expect(advanced({ ...at, speed: 1 }, 100)).toBe(1_100);
    expect(advanced({ ...at, speed: 60 }, 100)).toBe(7_000);
    // The browser's clock has parts of a millisecond, which the service takes for no number.
    expect(advanced({ ...at, speed: 5 }, 100.1)).toBe(1_501);
    expect(advanced({ ...at, speed: 60 }, 10_000)).toBe(60_000);
    expect(advanced({ ...at, endMs: 1_050, speed: 1 }, 100)).toBe(1_050);
    // What is fetched anew begins after the moment.
    expect(advanced({ ...at, toMs: 0, speed: 1 }, 100)).toBe(1_000);
  });

  it("lies within what is kept", () => {
    const kept = { fromMs: 100_000, toMs: 200_000 };
    expect(within({ fromMs: 0, toMs: 150_000 }, kept)).toEqual({ fromMs: 100_000, toMs: 150_000 });
    expect(within({ fromMs: 0, toMs: 90_000 }, kept)).toBeNull();
    expect(within({ fromMs: 150_000, toMs: 140_000 }, kept)).toBeNull();
    expect(within({ fromMs: 250_000, toMs: 300_000 }, kept)).toBeNull();
  });
});

it("moments go into a field and come out the same", () => {
  const ms = new Date(2026, 10, 27, 9, 4, 5).getTime();
  expect(toField(ms)).toBe("2026-11-27T09:04:05");
  expect(fromField(toField(ms))).toBe(ms);
  expect(fromField("")).toBeUndefined();
});

describe("a replay", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("matchMedia", () => ({ matches: true, addEventListener() {} }));
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("knows who drove a ride while another moment is fetched", async () => {
    const { Replay } = await import("../../src/operator/replay/replay.ts");
    const fleet = { reset() {}, apply() {}, hold() {} } as unknown as Fleet;
    const answers = [history(120, { a: [40, 45, 50] }, () => true), new Promise<History>(() => {})];
    const replay = new Replay(fleet, {
      bounds: () => ({ south: 0, west: 0, north: 1, east: 1 }),
      history: async () => (await answers.shift()) as History,
      refresh: () => {},
      explain: String,
    });
    replay.open({ fromMs: 50_000, toMs: 3_600_000 }, false);
    await vi.advanceTimersByTimeAsync(0);
    expect(replay.of("a")).toBe(true);
    replay.seek(1_800_000);
    await vi.advanceTimersByTimeAsync(0);
    // It is still drawn, until the answer is there.
    expect(replay.of("a")).toBe(true);
    replay.close();
    expect(replay.of("a")).toBe(false);
  });
});
