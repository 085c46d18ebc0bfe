/**
 * How a vehicle is drawn between its fixes. Pure: the caller brings the clock
 * (any, in ms, that only goes forward) and a plane (x to the east, y to the
 * south, any unit small enough that straight lines are right).
 *
 * A fix is drawn one interval late: when it arrives, the vehicle sets off from
 * where it is drawn and gets there when the next fix is due. Arrivals give the
 * pace, not the fixes' own times, so that a replay at twenty times the speed
 * glides as well. When the next fix does not come, the vehicle rolls on in its
 * direction, evenly slowing down, for one interval at most, then stands and
 * fades. Nothing is invented: between two fixes lies a straight line.
 *
 * The shader of the vehicle layer computes the same; change both together.
 */

/** The longest that a vehicle rolls on without a fix, ms. */
export const ROLL_MAX_MS = 10_000;
/** A vehicle turns at the start of its way and within this time, ms. */
export const TURN_MAX_MS = 1_000;
/** Fading takes at least this long, ms. */
export const FADE_MIN_MS = 3_000;
/** The pace of a vehicle nothing is known of yet, ms. */
export const PACE_UNKNOWN_MS = 60_000;
const PACE_MIN_MS = 50;

export interface Fix {
  x: number;
  y: number;
  /** Degrees clockwise from north. Absent: not known. */
  bearing?: number | undefined;
}

export interface Motion {
  fromX: number;
  fromY: number;
  toX: number;
  toY: number;
  /** Degrees; NaN: not known. */
  fromBearing: number;
  /** Degrees, at most 180 from `fromBearing`, hence beyond 0 to 360 at times. */
  toBearing: number;
  /** When the newest fix arrived and the way to it began, ms. */
  startMs: number;
  /** How long the way takes, ms; 0 when the vehicle jumped. */
  durationMs: number;
  /** How long the next fix is expected to take, ms. */
  paceMs: number;
  /** The last spacings of arrivals, ms, at most three. */
  spacings: number[];
  /** How many fixes came. */
  fixes: number;
}

/** Where and how a vehicle is drawn. */
export interface Drawn {
  x: number;
  y: number;
  /** Degrees, 0 to 360; NaN: not known. */
  bearing: number;
  /** From 0, fresh, to 1: so long without a fix that it says little of now. */
  faded: number;
}

/** A vehicle that is seen for the first time: it stands where its fix is. */
export function appear(fix: Fix, nowMs: number, typicalPaceMs?: number): Motion {
  const bearing = fix.bearing ?? Number.NaN;
  return {
    fromX: fix.x,
    fromY: fix.y,
    toX: fix.x,
    toY: fix.y,
    fromBearing: bearing,
    toBearing: bearing,
    startMs: nowMs,
    durationMs: 0,
    paceMs: typicalPaceMs ?? PACE_UNKNOWN_MS,
    spacings: [],
    fixes: 1,
  };
}

export interface MoveOptions {
  /** False: the time since the last arrival says nothing of the pace, as in a snapshot. */
  paced: boolean;
  /** The pace of its neighbours, ms, for a vehicle that has none yet. */
  typicalPaceMs?: number | undefined;
  /** False: no gliding, for people who asked for reduced motion. */
  glide: boolean;
}

/** Sets a vehicle off to its newest fix. */
export function moveTo(motion: Motion, fix: Fix, nowMs: number, options: MoveOptions): void {
  const drawn = drawnAt(motion, nowMs);
  const spacing = Math.max(PACE_MIN_MS, nowMs - motion.startMs);
  // A vehicle is introduced at any time between two fixes, so its first spacing
  // is too short by chance: its neighbours' pace says more.
  if (options.paced && motion.fixes > 1) {
    motion.spacings.push(spacing);
    if (motion.spacings.length > 3) motion.spacings.shift();
  }
  motion.paceMs =
    median(motion.spacings) ?? options.typicalPaceMs ?? (options.paced ? spacing : PACE_UNKNOWN_MS);
  motion.fixes += 1;
  motion.startMs = nowMs;
  motion.durationMs = options.glide ? motion.paceMs : 0;
  motion.toX = fix.x;
  motion.toY = fix.y;
  motion.toBearing = fix.bearing ?? Number.NaN;
  if (options.glide) {
    motion.fromX = drawn.x;
    motion.fromY = drawn.y;
    motion.fromBearing = Number.isNaN(drawn.bearing) ? motion.toBearing : drawn.bearing;
    motion.toBearing = motion.fromBearing + turn(motion.fromBearing, motion.toBearing);
  } else {
    motion.fromX = fix.x;
    motion.fromY = fix.y;
    motion.fromBearing = motion.toBearing;
  }
}

/** Where and how a vehicle is drawn now. */
export function drawnAt(motion: Motion, nowMs: number): Drawn {
  const elapsed = Math.max(0, nowMs - motion.startMs);
  const way = wayDone(elapsed, motion.durationMs);
  const turned =
    motion.durationMs > 0 ? Math.min(1, elapsed / Math.min(motion.durationMs, TURN_MAX_MS)) : 1;
  const bearing = motion.fromBearing + (motion.toBearing - motion.fromBearing) * turned;
  const faded = (elapsed - 2 * motion.paceMs) / Math.max(motion.paceMs, FADE_MIN_MS);
  return {
    x: motion.fromX + (motion.toX - motion.fromX) * way,
    y: motion.fromY + (motion.toY - motion.fromY) * way,
    bearing: ((bearing % 360) + 360) % 360,
    faded: Math.min(1, Math.max(0, faded)),
  };
}

/** When nothing changes any more unless a fix comes, ms. */
export function restsAtMs(motion: Motion): number {
  return motion.startMs + 2 * motion.paceMs + Math.max(motion.paceMs, FADE_MIN_MS);
}

/** The part of the way done: 1 at the fix, more when rolling on. */
function wayDone(elapsedMs: number, durationMs: number): number {
  if (durationMs <= 0) return 1;
  if (elapsedMs <= durationMs) return elapsedMs / durationMs;
  const rollMs = Math.min(durationMs, ROLL_MAX_MS);
  const rolled = Math.min(elapsedMs - durationMs, rollMs);
  // The full speed at first, none at the end: the integral of 1 − t / rollMs.
  return 1 + (rolled - (rolled * rolled) / (2 * rollMs)) / durationMs;
}

/** The shortest turn, −180 to 180 degrees; NaN when either is not known. */
function turn(from: number, to: number): number {
  const difference = (to - from) % 360;
  if (difference > 180) return difference - 360;
  if (difference < -180) return difference + 360;
  return difference;
}

/** One late or doubled fix must not change the pace: hence not the mean. */
function median(values: number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
