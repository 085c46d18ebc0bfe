import { expect, it } from "vitest";
import type { History, VehicleUpdate } from "../../sdk/index.ts";
import { TRAIL_MS, Trail } from "../../src/operator/trail.ts";

function fix(timestamp_ms: number): VehicleUpdate {
  const longitude = timestamp_ms / 1e6;
  return { id: "a", latitude: 43, longitude, timestamp_ms, class: "car", state: "online" };
}

function kept(times_ms: number[]): History {
  const line = times_ms.map((time): [number, number] => [time / 1e6, 43]);
  const columns = { id: "a", class: "car", times_ms, line, busy: times_ms.map(() => 0) };
  return { from_ms: 0, to_ms: 0, kept_from_ms: 0, every_ms: 5_000, vehicles: [columns] };
}

const places = (trail: Trail) => trail.line.map(([longitude]) => Math.round(longitude * 1e6));

it("what was kept comes before what came meanwhile, and nothing twice", () => {
  const trail = new Trail();
  expect(trail.add(fix(12_000))).toBe(true);
  trail.begin(kept([1_000, 6_000, 11_000, 12_000, 16_000]));
  expect(trail.add(fix(13_000))).toBe(true);
  expect(trail.add(fix(13_000))).toBe(false);
  expect(places(trail)).toEqual([1_000, 6_000, 11_000, 12_000, 13_000]);
});

it("says which fix it does not lead to", () => {
  const trail = new Trail();
  expect(trail.goesOnWith(fix(5_000))).toBe(true);
  trail.add(fix(5_000));
  expect(trail.goesOnWith(fix(10_000))).toBe(true);
  // A replay was sent back, or ahead.
  expect(trail.goesOnWith(fix(1_000))).toBe(false);
  expect(trail.goesOnWith(fix(500_000))).toBe(false);
});

it("is of the last ten minutes", () => {
  const trail = new Trail();
  trail.begin(kept([1_000, 6_000]));
  trail.add(fix(2_000 + TRAIL_MS));
  expect(places(trail)).toEqual([6_000, 2_000 + TRAIL_MS]);
});
