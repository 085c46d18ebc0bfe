import { describe, expect, it } from "vitest";
import type { ConnectionState } from "../../sdk/index.ts";
import { compass, connectionNews, connectionWords, duration } from "../../src/words.ts";

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
