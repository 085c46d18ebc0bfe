/** Upper bounds of the first wait and of every wait, ms. */
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * The wait before attempt number `attempt` (0, 1, …), ms: anything between 0
 * and a bound that doubles, up to 30 s. "Full jitter" of M. Brooker,
 * "Exponential Backoff And Jitter" (2015): a thousand clients that lost one
 * server do not come back in step.
 *
 * @param random from 0 up to 1; absent: by chance
 */
export function backoffMs(attempt: number, random = Math.random()): number {
  return random * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
}
