import type { Theme } from "../ui/theme.ts";
import type { Shape } from "./shape.ts";
import type { VehicleColors } from "./vehicle-layer.ts";

/** From small roads to large ones. */
export interface RoadColors {
  minor: string;
  middle: string;
  major: string;
}

export interface MapColors {
  land: string;
  /** Over the town streets are thin lines, which need to stand out of the land; near by they are bands with an edge. */
  far: RoadColors;
  near: RoadColors;
  casing: string;
  label: string;
  halo: string;
  /** Pickup and dropoff of a ride, and the line between. */
  ride: string;
  /** Where a vehicle was. */
  way: string;
  vehicles: VehicleColors;
}

/** A colour of CSS, `#rrggbb`, for the GPU. */
function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

function rgbs(colors: Record<Shape, string>): VehicleColors["fill"] {
  const { car, large, two_wheels } = colors;
  return { car: rgb(car), large: rgb(large), two_wheels: rgb(two_wheels) };
}

/** The vehicles' hues. */
export const FILLS: Record<Theme, Record<Shape, string>> = {
  light: { car: "#0b57d0", large: "#8e24aa", two_wheels: "#00695c" },
  dark: { car: "#7fd1ff", large: "#e0a8ff", two_wheels: "#86e0a0" },
};

export const MAP_COLORS: Record<Theme, MapColors> = {
  light: {
    land: "#e9ebe6",
    far: { minor: "#bdc3b7", middle: "#a2a99c", major: "#dba63f" },
    near: { minor: "#ffffff", middle: "#fffdf0", major: "#fbe6b0" },
    casing: "#c3c7bf",
    label: "#4d5259",
    halo: "#ffffff",
    ride: "#1b1d21",
    way: "#c2410c",
    vehicles: {
      fill: rgbs(FILLS.light),
      edge: rgb("#ffffff"),
      silent: rgb("#5c6068"),
      ring: rgb("#b3261e"),
    },
  },
  dark: {
    land: "#15181c",
    far: { minor: "#39414b", middle: "#5b6674", major: "#8a7a45" },
    near: { minor: "#363d46", middle: "#4a5360", major: "#5a5540" },
    casing: "#0e1013",
    label: "#aeb6c0",
    halo: "#15181c",
    ride: "#eceff3",
    way: "#ffb46b",
    vehicles: {
      fill: rgbs(FILLS.dark),
      edge: rgb("#06090d"),
      silent: rgb("#a7adb5"),
      ring: rgb("#ffb4ab"),
    },
  },
};

/**
 * Shades of cells, from few vehicles to many: steps of even lightness (OKLCH),
 * away from the land; with the colour of a number on each.
 */
export const CELL_SHADES: Record<Theme, { fill: string; text: string }[]> = {
  light: shades("#b5e2ff #86c3ff #5ca4ff #3986e4 #206ac0 #135095 #113866", 5),
  dark: shades("#0a3260 #0c4b8f #1a66bb #3683e0 #5aa2fd #85c2ff #b5e2ff", 4),
};

/** @param turn so many have a number of the first of the two inks, the others of the second */
function shades(fills: string, turn: number): { fill: string; text: string }[] {
  const inks = turn > 4 ? ["#0b0f14", "#ffffff"] : ["#ffffff", "#0b0f14"];
  return fills.split(" ").map((fill, i) => ({ fill, text: inks[i < turn ? 0 : 1] ?? "" }));
}
