import type { Position } from "../../sdk/index.ts";

/** What the protocol takes, and phones do not keep to. */
const ACCURACY_MAX_M = 100_000;
const SPEED_MAX = 500;

/** A fix as browsers tell it: `GeolocationPosition`, or one that is made up. */
export interface Fix {
  readonly coords: {
    readonly latitude: number;
    readonly longitude: number;
    /** Metres. */
    readonly accuracy: number;
    /** Degrees; null or NaN: not known, or it stands. */
    readonly heading: number | null;
    /** m/s; null, or on some phones -1: not known. */
    readonly speed: number | null;
  };
  /** By the device's clock, ms. */
  readonly timestamp: number;
}

/**
 * The fix as the service takes it.
 *
 * @param clockOffsetMs the service's clock less the device's: one that is ahead
 *   would have its positions refused as of the future
 */
export function positionOf(fix: Fix, clockOffsetMs: number): Position {
  const { latitude, longitude, accuracy, heading, speed } = fix.coords;
  return {
    latitude,
    longitude,
    timestamp_ms: Math.round(fix.timestamp + clockOffsetMs),
    ...(within(accuracy, ACCURACY_MAX_M) && { accuracy: tenth(accuracy) }),
    ...(within(heading, 360) && { bearing: tenth(heading) }),
    ...(within(speed, SPEED_MAX) && { speed: tenth(speed) }),
  };
}

/** The service's clock is known to about this, ms: each reconnect tells it a little otherwise. */
const CLOCK_STEP_MS = 5_000;

/**
 * Time does not go back from one position to the next: the service would refuse
 * it. By more than the clocks' measure it may: then the device's clock was not
 * set right yet when the one before was taken, and none would be taken until then.
 */
export function notBefore(timestampMs: number, newestMs: number): number {
  const backMs = newestMs - timestampMs;
  return backMs >= 0 && backMs < CLOCK_STEP_MS ? newestMs + 1 : timestampMs;
}

function within(value: number | null, max: number): value is number {
  return value !== null && value >= 0 && value <= max;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
