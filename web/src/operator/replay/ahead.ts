// How far a replay is played and fetched. Pure.

export const SPEEDS = [1, 5, 20, 60] as const;
export type Speed = (typeof SPEEDS)[number];

/** What plays in this time is fetched before it is played, ms. */
const AHEAD_REAL_MS = 15_000;
const AHEAD_MIN_MS = 60_000;
/** The longest that is asked for at once, ms; the service gives no more than 10 minutes. */
const CHUNK_MAX_MS = 5 * 60_000;
/** So much of what was played stays, for a look back, ms. */
const BEHIND_MS = 2 * 60_000;

/**
 * Vehicles on the road when a replay begins were heard some seconds before:
 * so much earlier it is fetched, ms.
 */
export const LEAD_MS = 20_000;

interface Where {
  /** The moment that is shown, ms since the Unix epoch. */
  atMs: number;
  /** Everything before it is fetched. */
  toMs: number;
  /** The end of the window. */
  endMs: number;
  speed: number;
}

/** What to ask for next; null: enough is there. */
export function nextChunk({
  atMs,
  toMs,
  endMs,
  speed,
}: Where): [fromMs: number, toMs: number] | null {
  const aheadMs = Math.max(AHEAD_MIN_MS, AHEAD_REAL_MS * speed);
  // Not in crumbs: half of it is to be used up first.
  if (toMs >= endMs || toMs - atMs > aheadMs / 2) return null;
  return [toMs, Math.min(endMs, toMs + CHUNK_MAX_MS, Math.max(toMs, atMs) + aheadMs)];
}

/** The moment to show after so much time: not beyond what was fetched, and a whole number, as it is asked for. */
export function advanced({ atMs, toMs, endMs, speed }: Where, elapsedMs: number): number {
  return Math.max(atMs, Math.min(Math.round(atMs + elapsedMs * speed), toMs, endMs));
}

/** What is older may be forgotten. */
export function keptFromMs(atMs: number): number {
  return atMs - BEHIND_MS;
}

/** A window within what is kept: in order, not in the future, at least a second. */
export function within(
  past: { fromMs: number; toMs: number },
  kept: { fromMs: number; toMs: number },
): { fromMs: number; toMs: number } | null {
  const fromMs = Math.max(past.fromMs, kept.fromMs);
  const toMs = Math.min(past.toMs, kept.toMs);
  return toMs - fromMs >= 1_000 ? { fromMs, toMs } : null;
}
