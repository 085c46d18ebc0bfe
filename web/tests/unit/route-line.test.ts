import { describe, expect, it, vi } from "vitest";
import { apartM } from "../../src/map/metres.ts";
import type { Line } from "../../src/map/trip-layer.ts";
import { RouteLine } from "../../src/trip/route-line.ts";

/** East for a good kilometre along the equator, then north. */
const CORNER: Line = [
  [0, 0],
  [0.01, 0],
  [0.01, 0.01],
];

function following(line: Line) {
  const ask = vi.fn();
  const route = new RouteLine(ask);
  route.take(line);
  return { ask, route };
}

describe("the line to drive", () => {
  it("begins where the vehicle is, and loses what lies behind", () => {
    const { route } = following(CORNER);
    expect(route.follow([0.004, 0.0001], 0)).toEqual([
      [0.004, 0.0001],
      [0.01, 0],
      [0.01, 0.01],
    ]);
    expect(route.follow([0.01, 0.002], 1_000)).toEqual([
      [0.01, 0.002],
      [0.01, 0.01],
    ]);
  });

  it("does not grow again when a fix falls back", () => {
    const { route } = following(CORNER);
    route.follow([0.005, 0], 0);
    route.follow([0.0049, 0], 1_000);
    const [start] = route.ahead();
    expect(start?.[0]).toBeCloseTo(0.005, 9);
  });

  it("keeps the loop of a line that comes back to where it was", () => {
    const loop: Line = [
      [0, 0],
      [0.01, 0],
      [0.01, 0.005],
      [0.001, 0.005],
      [0.001, 0],
      [0.001, -0.01],
    ];
    const { route } = following(loop);
    expect(route.follow([0.001, 0], 0)).toHaveLength(6);
  });

  it("asks for another once the vehicle has been off it for some seconds, and not all the time", () => {
    const { ask, route } = following(CORNER);
    route.follow([0.004, 0], 0);
    const beside: [number, number] = [0.004, 0.002];
    route.follow(beside, 1_000);
    route.follow(beside, 4_900);
    expect(ask).not.toHaveBeenCalled();
    route.follow(beside, 5_100);
    route.follow(beside, 9_000);
    expect(ask).toHaveBeenCalledTimes(1);
    // What was known is shown until another comes.
    expect(route.follow(beside, 9_100)[0]?.[0]).toBeCloseTo(0.004, 9);
    route.follow(beside, 15_200);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it("does not ask for one bad fix", () => {
    const { ask, route } = following(CORNER);
    route.follow([0.004, 0.002], 0);
    route.follow([0.004, 0], 2_000);
    route.follow([0.004, 0.002], 5_000);
    expect(ask).not.toHaveBeenCalled();
  });

  it("is nothing where none is known", () => {
    const { route } = following([]);
    expect(route.follow([0, 0], 0)).toEqual([]);
    expect(route.ahead()).toEqual([]);
  });
});

it("metres are right to a few in a thousand, far from the equator too", () => {
  expect(apartM([24.94, 60.17], [24.95, 60.17])).toBeCloseTo(553, -1);
});
