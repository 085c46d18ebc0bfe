import type { VehicleClass } from "../../sdk/index.ts";

/**
 * How vehicles are told apart on the map, by outline and by hue. A class is in
 * the operator's own words; one that says nothing here looks like a car.
 */
export const SHAPES = ["car", "large", "two_wheels"] as const;
export type Shape = (typeof SHAPES)[number];

const WORDS: Record<Exclude<Shape, "car">, string> = {
  large: "van minivan minibus bus shuttle truck lorry xl",
  two_wheels: "bike bicycle cargo_bike ebike scooter moped motorbike motorcycle",
};
const CLASSES = new Map(
  (["large", "two_wheels"] as const).flatMap((shape) =>
    WORDS[shape].split(" ").map((word) => [word, shape] as const),
  ),
);

export function shapeOf(vehicleClass: VehicleClass): Shape {
  return CLASSES.get(vehicleClass.toLowerCase().replaceAll("-", "_")) ?? "car";
}

type Point = readonly [x: number, y: number];
/** Tip, shoulder, wing, notch. */
type Outline = readonly [Point, Point, Point, Point];

/**
 * The right half of each outline, from the tip round to the tail; the front is
 * +y, half a quad is 1. A half is convex, which the shader relies on.
 */
export const OUTLINES: Record<Shape, Outline> = {
  // An arrowhead with a notch.
  car: [
    [0, 0.66],
    [0.22, 0.07],
    [0.44, -0.52],
    [0, -0.3],
  ],
  // A box with a pointed front.
  large: [
    [0, 0.68],
    [0.36, 0.24],
    [0.36, -0.56],
    [0, -0.56],
  ],
  // A slim kite.
  two_wheels: [
    [0, 0.7],
    [0.28, -0.25],
    [0.2, -0.52],
    [0, -0.46],
  ],
};

/** Half the width of the dot in the middle of a vehicle that is on a ride. */
export const DOT = 0.17;

/** The whole outline as the path of an SVG of -1 to 1, its front up. */
export function svgPath(shape: Shape): string {
  const half = OUTLINES[shape];
  const whole = [...half, ...half.toReversed().map(([x, y]): Point => [-x, y])];
  return `M${whole.map(([x, y]) => `${x} ${-y}`).join("L")}Z`;
}
