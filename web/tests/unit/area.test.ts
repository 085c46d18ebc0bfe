import { describe, expect, it } from "vitest";
import { firstZoom, outgrown, toViewport, withMargin } from "../../src/map/area.ts";

const VIEW = { south: -35, west: -57, north: -34, east: -56 };

describe("withMargin", () => {
  it("holds the view and a tenth more on each side, within the poles", () => {
    const area = withMargin(VIEW);
    expect(area.west).toBeCloseTo(-57.1, 9);
    expect(area.north).toBeCloseTo(-33.9, 9);
    expect(withMargin({ ...VIEW, south: -90 }).south).toBe(-90);
  });
});

describe("outgrown", () => {
  it("is not by a small pan or zoom, but by a large one", () => {
    const held = withMargin(VIEW);
    const panned = (degrees: number) => ({
      ...VIEW,
      west: VIEW.west + degrees,
      east: VIEW.east + degrees,
    });
    expect(outgrown(held, panned(0.09))).toBe(false);
    expect(outgrown(held, panned(0.11))).toBe(true);
    expect(outgrown(held, { ...VIEW, south: -35.2 })).toBe(true);
    expect(outgrown(held, { ...VIEW, west: -56.3 })).toBe(true);
  });
});

describe("toViewport", () => {
  it("says by west > east that the antimeridian lies between", () => {
    const { west, east } = toViewport({ ...VIEW, west: 179, east: 181 }, 10);
    expect([west, east]).toEqual([179, -179]);
  });

  it("finds the same place on whichever copy of the world", () => {
    const { west, east } = toViewport({ ...VIEW, west: -57 + 720, east: -56 + 720 }, 10);
    expect([west, east]).toEqual([-57, -56]);
  });

  it("asks for the whole world at most", () => {
    const { west, east } = toViewport({ ...VIEW, west: -300, east: 300 }, 0);
    expect([west, east]).toEqual([-180, 180]);
  });
});

describe("firstZoom", () => {
  // Twice as wide as high: an eighth of the world's width, a sixteenth of its height.
  const area = { south: 0, west: 0, north: 21.943046, east: 45 };

  it("shows the whole of an area that fills at least half of the map", () => {
    expect(firstZoom(area, 512, 512)).toBeCloseTo(3, 5);
    expect(firstZoom(area, 512, 256)).toBeCloseTo(3, 5);
  });

  it("goes closer where the area would be a strip", () => {
    // Fitted, it would be 16 of 64 high.
    expect(firstZoom(area, 32, 64)).toBeCloseTo(0, 5);
    expect(firstZoom(area, 16, 64)).toBeCloseTo(0, 5);
  });
});
