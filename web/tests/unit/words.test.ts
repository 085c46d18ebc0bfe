import { describe, expect, it } from "vitest";
import type { ConnectionState, Ride, RideState } from "../../sdk/index.ts";
import { compass, expectedAtMs, rideTotals, rideWords } from "../../src/operator/words/index.ts";
import { clock, connectionNews, connectionWords, duration, moment } from "../../src/words/index.ts";

const NOW = 1_000_000;
const FRESH = { dataAtMs: NOW - 400, silenceMs: 10_000 };
const OLD = { dataAtMs: NOW - 23_000, silenceMs: 10_000 };
const LIVE: ConnectionState = {
  kind: "live",
  welcome: { session: "s", user: "u", role: "operator", heartbeat_ms: 1, server_time_ms: 1 },
};
const WAITING: ConnectionState = { kind: "waiting", again: true, retryAtMs: NOW + 3_200 };

describe("the connection in words", () => {
  it.each([
    [{ kind: "connecting", again: false } as const, FRESH, "Connecting…"],
    [{ kind: "connecting", again: true } as const, FRESH, "Reconnecting…"],
    [LIVE, FRESH, "Live"],
    [LIVE, OLD, "Data 23 s old"],
    [LIVE, { ...OLD, silenceMs: Number.POSITIVE_INFINITY }, "Live"],
    [LIVE, { dataAtMs: null, silenceMs: 10_000 }, "Live"],
    [WAITING, FRESH, "Reconnecting in 4 s"],
    [WAITING, OLD, "Reconnecting in 4 s · Data 23 s old"],
    [{ ...WAITING, again: false }, FRESH, "Connecting in 4 s"],
    [{ ...WAITING, retryAtMs: NOW - 5 }, FRESH, "Reconnecting…"],
    [
      { kind: "stopped", code: 4500, reason: "no valid token" } as const,
      FRESH,
      "Not connected: no valid token",
    ],
    [{ kind: "stopped", code: 4501, reason: "" } as const, FRESH, "Not connected: closed (4501)"],
  ])("%j", (state, freshness, text) => {
    expect(connectionWords(state, freshness, NOW).text).toBe(text);
  });

  it("is read aloud without the seconds", () => {
    expect(connectionNews(WAITING)).toBe("Reconnecting");
    expect(connectionNews({ kind: "connecting", again: true })).toBe("Reconnecting");
    expect(connectionNews(LIVE)).toBe("Live");
  });
});

it.each([
  [-500, "0 s"],
  [23_400, "23 s"],
  [99_000, "99 s"],
  [100_000, "2 min"],
  [59.4 * 60_000, "59 min"],
  [112 * 60_000, "1 h 52 min"],
  [72 * 3_600_000, "3 days"],
])("%i ms are %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it.each([
  [0, "N"],
  [359.9, "N"],
  [45, "NE"],
  [202, "S"],
  [270, "W"],
])("%d degrees are %s", (bearing, wind) => {
  expect(compass(bearing)).toBe(wind);
});

describe("rides in words", () => {
  const counts = (rides: Partial<Record<RideState, number>>) =>
    Object.entries(rides).map(([state, rides]) => ({ state: state as RideState, rides }));

  it("adds up the states that mean the same to who looks", () => {
    const all = { requested: 1, offered: 2, accepted: 3, arrived: 4, in_progress: 5 };
    const over = { completed: 6, cancelled: 7, expired: 8 };
    expect(rideTotals(counts({ ...all, ...over }))).toEqual([
      { word: "looking", rides: 3 },
      { word: "on the way", rides: 7 },
      { word: "on board", rides: 5 },
      { word: "done", rides: 6 },
    ]);
  });

  it("says nothing where nobody ever asked for one", () => {
    expect(rideTotals(counts({ requested: 0, completed: 0 }))).toEqual([]);
    expect(rideTotals([])).toEqual([]);
    expect(rideTotals(counts({ expired: 1 }))).toHaveLength(4);
  });

  it("tells where the vehicle is going, and when it should be there", () => {
    const place = { latitude: 1, longitude: 2 };
    const ride: Ride = {
      ride_id: "r",
      state: "accepted",
      version: 3,
      pickup: place,
      dropoff: place,
      requested_at_ms: 1,
      eta: { toward: "pickup", seconds: 90, distance_m: 800, at_ms: NOW },
    };
    expect(rideWords(ride)).toBe("to the pickup");
    expect(expectedAtMs(ride)).toBe(NOW + 90_000);
    const arrived = { ...ride, state: "arrived" } as const;
    expect(rideWords(arrived)).toBe("at the pickup");
    expect(expectedAtMs(arrived)).toBeUndefined();
    expect(rideWords({ ...ride, state: "in_progress" })).toBe("on board");
  });
});

it("a moment of another day is told with the day", () => {
  const noon = new Date(2026, 10, 27, 12).getTime();
  const later = noon + 3 * 3_600_000;
  const tomorrow = noon + 24 * 3_600_000;
  expect(moment(later, noon)).toBe(clock(later));
  expect(moment(tomorrow, noon)).toBe(`Nov 28, ${clock(tomorrow)}`);
});
