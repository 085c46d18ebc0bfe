import { describe, expect, it } from "vitest";
import {
  appear,
  drawnAt,
  FADE_MIN_MS,
  type MoveOptions,
  moveTo,
  PACE_UNKNOWN_MS,
  ROLL_MAX_MS,
  restsAtMs,
  TURN_MAX_MS,
} from "../../sdk/motion.ts";

const GLIDE: MoveOptions = { paced: true, glide: true };

/** A vehicle that goes one unit east every `spacingMs`, up to its fix number `count`. */
function eastward(spacingMs: number, count = 5) {
  const motion = appear({ x: 0, y: 0, bearing: 90 }, 0);
  for (let i = 1; i <= count; i++)
    moveTo(motion, { x: i, y: 0, bearing: 90 }, i * spacingMs, GLIDE);
  return { motion, nowMs: count * spacingMs, x: count };
}

describe.each([1_000, 60_000])("fixes every %i ms", (spacingMs) => {
  it("are drawn one interval late, in a straight line at an even speed", () => {
    const { motion, nowMs, x } = eastward(spacingMs);
    for (const part of [0, 0.25, 0.5, 1]) {
      const drawn = drawnAt(motion, nowMs + part * spacingMs);
      expect(drawn.x).toBeCloseTo(x - 1 + part, 9);
      expect(drawn).toMatchObject({ y: 0, bearing: 90, faded: 0 });
    }
  });

  it("let a vehicle roll on for an interval at most, then stand, then fade", () => {
    const { motion, nowMs, x } = eastward(spacingMs);
    const rollMs = Math.min(spacingMs, ROLL_MAX_MS);
    const arrived = nowMs + spacingMs;
    const stop = drawnAt(motion, arrived + rollMs).x;
    expect(stop).toBeCloseTo(x + rollMs / spacingMs / 2, 9);
    expect(drawnAt(motion, arrived + rollMs / 2).x).toBeLessThan(stop);
    expect(drawnAt(motion, arrived + 100 * spacingMs).x).toBe(stop);
    expect(drawnAt(motion, arrived + spacingMs).faded).toBe(0);
    expect(drawnAt(motion, restsAtMs(motion) - 1).faded).toBeLessThan(1);
    expect(drawnAt(motion, restsAtMs(motion)).faded).toBe(1);
  });

  it("never make it jump", () => {
    const { motion, nowMs } = eastward(spacingMs);
    const lateMs = nowMs + 1.4 * spacingMs;
    const before = drawnAt(motion, lateMs);
    moveTo(motion, { x: 3, y: 2, bearing: 180 }, lateMs, GLIDE);
    expect(drawnAt(motion, lateMs)).toMatchObject({ x: before.x, y: before.y, bearing: 90 });
  });
});

describe("pace", () => {
  it("is that of the arrivals; one late fix does not change it", () => {
    const { motion, nowMs } = eastward(1_000);
    moveTo(motion, { x: 6, y: 0 }, nowMs + 9_000, GLIDE);
    expect(motion.paceMs).toBe(1_000);
  });

  it("follows a lasting change within two fixes", () => {
    const { motion, nowMs } = eastward(1_000);
    moveTo(motion, { x: 6, y: 0 }, nowMs + 4_000, GLIDE);
    moveTo(motion, { x: 7, y: 0 }, nowMs + 8_000, GLIDE);
    expect(motion.paceMs).toBe(4_000);
  });

  it("is the neighbours' for a vehicle that appeared just before a fix", () => {
    const motion = appear({ x: 0, y: 0 }, 0, 60_000);
    moveTo(motion, { x: 1, y: 0 }, 100, { ...GLIDE, typicalPaceMs: 60_000 });
    expect(drawnAt(motion, 30_100).x).toBeCloseTo(0.5, 9);
  });

  it("learns nothing from a snapshot", () => {
    const { motion, nowMs } = eastward(1_000);
    for (const afterMs of [200, 400, 600]) {
      moveTo(motion, { x: 6, y: 0 }, nowMs + afterMs, { paced: false, glide: true });
    }
    expect(motion.paceMs).toBe(1_000);
  });

  it("of a vehicle that just appeared is slow to fade", () => {
    const motion = appear({ x: 0, y: 0 }, 0);
    expect(drawnAt(motion, PACE_UNKNOWN_MS).faded).toBe(0);
    const fleeting = appear({ x: 0, y: 0 }, 0, 1_000);
    expect(drawnAt(fleeting, 2_000 + FADE_MIN_MS).faded).toBe(1);
  });
});

describe("bearing", () => {
  it("turns by the shorter way, and within a second", () => {
    const motion = appear({ x: 0, y: 0, bearing: 350 }, 0);
    moveTo(motion, { x: 0, y: 1, bearing: 20 }, 10_000, GLIDE);
    expect(drawnAt(motion, 10_000 + TURN_MAX_MS / 2).bearing).toBeCloseTo(5, 9);
    expect(drawnAt(motion, 10_000 + TURN_MAX_MS).bearing).toBeCloseTo(20, 9);
    moveTo(motion, { x: 0, y: 0, bearing: 340 }, 20_000, GLIDE);
    expect(drawnAt(motion, 20_000 + TURN_MAX_MS / 2).bearing).toBeCloseTo(0, 9);
  });

  it("that is not known stays so until it is", () => {
    const motion = appear({ x: 0, y: 0 }, 0);
    expect(drawnAt(motion, 0).bearing).toBeNaN();
    moveTo(motion, { x: 1, y: 0, bearing: 90 }, 1_000, GLIDE);
    expect(drawnAt(motion, 1_000).bearing).toBe(90);
    moveTo(motion, { x: 1, y: 0 }, 2_000, GLIDE);
    expect(drawnAt(motion, 2_000).bearing).toBeNaN();
  });
});

it("jumps for people who asked for reduced motion", () => {
  const motion = appear({ x: 0, y: 0, bearing: 0 }, 0);
  moveTo(motion, { x: 1, y: 1, bearing: 90 }, 1_000, { paced: true, glide: false });
  for (const ms of [1_000, 1_500, 9_000]) {
    expect(drawnAt(motion, ms)).toMatchObject({ x: 1, y: 1, bearing: 90 });
  }
});
