import type { Eta } from "../../sdk/index.ts";
import { duration } from "../words/index.ts";
import { tripSay } from "./words/index.ts";

/** An estimate that nobody renewed for so long says little, ms. */
const OLD_MS = 45_000;

export interface Remaining {
  /** Until it should be there, ms; 0: any moment. */
  ms: number;
  /** How old the estimate is, ms, where that is worth telling. */
  oldMs: number | undefined;
}

/** @param nowMs by the service's clock */
export function remaining(eta: Eta, nowMs: number): Remaining {
  const ageMs = Math.max(0, nowMs - eta.at_ms);
  return {
    ms: Math.max(0, eta.seconds * 1000 - ageMs),
    oldMs: ageMs > OLD_MS ? ageMs : undefined,
  };
}

/** `4 min`, `40 s`, `arriving`. Minutes are rounded up: better there before than after it. */
export function remainingWords({ ms }: Remaining): string {
  if (ms === 0) return tripSay("arriving");
  if (ms > 60_000) return duration(Math.max(120_000, Math.ceil(ms / 60_000) * 60_000));
  return duration(Math.ceil(ms / 5_000) * 5_000);
}

/**
 * The time that is left, large. It is no live region: who listens hears the
 * ride's changes, not the seconds.
 */
export function Countdown({ eta, nowMs }: { eta: Eta; nowMs: number }) {
  const left = remaining(eta, nowMs);
  return (
    <p class={`countdown ${left.oldMs === undefined ? "" : "old"}`} data-testid="countdown">
      <span class="left">{remainingWords(left)}</span>
      {left.oldMs !== undefined && (
        <span class="age">{tripSay("estimated_ago", { age: duration(left.oldMs) })}</span>
      )}
    </p>
  );
}
