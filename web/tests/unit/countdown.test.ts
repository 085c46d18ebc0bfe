import { expect, it } from "vitest";
import { remaining, remainingWords } from "../../src/trip/countdown.tsx";

const eta = { toward: "pickup" as const, seconds: 200, distance_m: 1_500, at_ms: 1_000_000 };
const at = (afterMs: number) => remaining(eta, eta.at_ms + afterMs);

it("counts down by the service's clock, in minutes and then in seconds", () => {
  expect(remainingWords(at(0))).toBe("4 min");
  expect(remainingWords(at(30_000))).toBe("3 min");
  expect(remainingWords(at(139_000))).toBe("2 min");
  expect(remainingWords(at(141_000))).toBe("60 s");
  expect(remainingWords(at(196_000))).toBe("5 s");
});

it("says any moment when the time is over, and never less than nothing", () => {
  expect(at(500_000).ms).toBe(0);
  expect(remainingWords(at(500_000))).toBe("any moment");
});

it("a clock of ours that lies behind makes no more of it", () => {
  expect(at(-5_000).ms).toBe(200_000);
});

it("tells its age when nobody has renewed it", () => {
  expect(at(20_000).oldMs).toBeUndefined();
  expect(at(90_000).oldMs).toBe(90_000);
});
