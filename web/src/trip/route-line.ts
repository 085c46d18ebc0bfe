import { apartM } from "../map/metres.ts";
import type { Line } from "../map/trip-layer.ts";

/** Farther from the line than this the vehicle goes another way, m. */
const OFF_M = 60;
/** A fix or two beside the line are no other way, ms. */
const OFF_MS = 4_000;
/** Between two questions for another line, ms. */
const ASK_PERIOD_MS = 10_000;
/**
 * The vehicle is looked for first on so much of the line ahead of where it was,
 * m: a line that crosses itself is not to lose its loop at the crossing.
 */
const AHEAD_M = 400;

/** A place on a line: so far along the segment that begins at `index`, 0 to 1. */
interface Spot {
  index: number;
  part: number;
  /** From the place that was looked for, m. */
  offM: number;
}

/**
 * The way that a vehicle still has to go: a line that shortens as the vehicle
 * goes along it. Pure; the clock is the caller's.
 */
export class RouteLine {
  private line: Line = [];
  private spot: Spot = { index: 0, part: 0, offM: 0 };
  private offSinceMs: number | undefined;
  private askedMs = Number.NEGATIVE_INFINITY;

  /** @param ask for another line, as the vehicle has left this one */
  constructor(private readonly ask: () => void) {}

  /** A line from the vehicle's place to where it goes. */
  take(line: Line): void {
    this.line = line;
    this.spot = { index: 0, part: 0, offM: 0 };
    this.offSinceMs = undefined;
  }

  clear(): void {
    this.take([]);
  }

  /** What lies ahead of the vehicle, from its own place on. Empty: no line is known. */
  follow(place: [longitude: number, latitude: number], nowMs: number): Line {
    if (this.line.length < 2) return [];
    const near = nearestAhead(this.line, this.spot, place, AHEAD_M);
    // Nobody may have looked for long, and the vehicle is far ahead.
    const far = () => nearestAhead(this.line, this.spot, place, Number.POSITIVE_INFINITY);
    const spot = near.offM > OFF_M ? far() : near;
    if (spot.offM > OFF_M) {
      this.wonder(nowMs);
      return this.ahead();
    }
    this.offSinceMs = undefined;
    this.spot = spot;
    return [place, ...this.line.slice(spot.index + 1)];
  }

  /** What lies ahead of the last place on the line. */
  ahead(): Line {
    const { index, part } = this.spot;
    const from = this.line[index];
    const to = this.line[index + 1];
    if (!from || !to) return [];
    return [between(from, to, part), ...this.line.slice(index + 1)];
  }

  private wonder(nowMs: number): void {
    this.offSinceMs ??= nowMs;
    if (nowMs - this.offSinceMs < OFF_MS || nowMs - this.askedMs < ASK_PERIOD_MS) return;
    this.askedMs = nowMs;
    this.ask();
  }
}

/** The place on the line, at `from` or ahead of it, that is nearest to `place`. */
function nearestAhead(line: Line, from: Spot, place: [number, number], reachM: number): Spot {
  let best: Spot = { ...from, offM: Number.POSITIVE_INFINITY };
  let aheadM = 0;
  for (let index = from.index; index + 1 < line.length; index++) {
    const [a, b] = [line[index], line[index + 1]];
    if (!a || !b) break;
    const least = index === from.index ? from.part : 0;
    const part = Math.max(least, partNearest(a, b, place));
    const offM = apartM(between(a, b, part), place);
    if (offM < best.offM) best = { index, part, offM };
    aheadM += apartM(a, b) * (1 - least);
    if (aheadM > reachM) break;
  }
  return best;
}

/** How far along from `a` to `b` the place nearest to `place` is, 0 to 1. */
function partNearest(a: [number, number], b: [number, number], place: [number, number]): number {
  const narrow = Math.cos((a[1] * Math.PI) / 180);
  const [x, y] = [(b[0] - a[0]) * narrow, b[1] - a[1]];
  const length = x * x + y * y;
  if (length === 0) return 0;
  const along = ((place[0] - a[0]) * narrow * x + (place[1] - a[1]) * y) / length;
  return Math.min(1, Math.max(0, along));
}

function between(a: [number, number], b: [number, number], part: number): [number, number] {
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part];
}
