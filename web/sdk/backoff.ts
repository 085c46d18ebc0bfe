/** How long to wait between attempts to connect. */
export interface BackoffSettings {
  /** Upper bound of the first wait, ms. */
  firstMs: number;
  /** Upper bound of every wait, ms. */
  longestMs: number;
}

export const BACKOFF: BackoffSettings = { firstMs: 1_000, longestMs: 30_000 };

/**
 * The wait before attempt number `attempt` (0, 1, …), ms: anything between 0
 * and a bound that doubles. "Full jitter" of M. Brooker, "Exponential Backoff
 * And Jitter" (2015): a thousand clients that lost one server do not come
 * back in step.
 *
 * @param random from 0 up to 1
 */
export function backoffMs(attempt: number, random: number, settings = BACKOFF): number {
  const bound = Math.min(settings.longestMs, settings.firstMs * 2 ** Math.min(attempt, 30));
  return random * bound;
}
