import { expect, it } from "vitest";
import { OUTLINES, SHAPES, shapeOf, svgPath } from "../../src/map/shape.ts";

it("knows the usual classes however they are written, and takes any other for a car", () => {
  expect(shapeOf("van")).toBe("large");
  expect(shapeOf("Cargo-Bike")).toBe("two_wheels");
  expect(shapeOf("car")).toBe("car");
  expect(shapeOf("rickshaw")).toBe("car");
  expect(shapeOf("constructor")).toBe("car");
});

it.each(SHAPES)(
  "the half of %s is convex and goes clockwise from the front to the back",
  (shape) => {
    const half = OUTLINES[shape];
    expect(half[0][0]).toBe(0);
    expect(half[3][0]).toBe(0);
    for (let i = 0; i < half.length; i++) {
      const [a, b, c] = [0, 1, 2].map((k) => half[(i + k) % half.length] ?? [0, 0]);
      if (!a || !b || !c) continue;
      const turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
      expect(turn).toBeLessThan(1e-9 + 0.01 * Number(shape === "car"));
    }
  },
);

it("draws the list's glyph front up", () => {
  expect(svgPath("large")).toMatch(/^M0 -0.68L0.36 -0.24L.*L-0.36 -0.24L-?0 -0.68Z$/);
});
