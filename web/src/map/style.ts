import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { PageConfig } from "../service/config.ts";
import type { Theme } from "../ui/theme.ts";
import { MAP_COLORS, type RoadColors } from "./colors.ts";

const MAJOR = ["motorway", "trunk", "primary"];
/** From here on streets are bands with an edge and have names. */
const NEAR_ZOOM = 14;
const MIDDLE = ["secondary", "tertiary"];

/**
 * The base map: the operator's own style where there is one, else the roads
 * that the service serves.
 */
export function baseStyle(config: PageConfig, theme: Theme): StyleSpecification | string {
  const { style, dark_style } = config.map;
  const own = (theme === "dark" && dark_style) || style;
  if (own) return new URL(own, document.baseURI).href;
  return roadStyle(config, theme);
}

/**
 * The roads alone. There is no `glyphs` address: MapLibre then draws the
 * streets' names with the browser's own font.
 */
function roadStyle(config: PageConfig, theme: Theme): StyleSpecification {
  const colors = MAP_COLORS[theme];
  const land: LayerSpecification = {
    id: "land",
    type: "background",
    paint: { "background-color": colors.land },
  };
  if (!config.map.roads) return { version: 8, sources: {}, layers: [land] };
  return {
    version: 8,
    sources: {
      roads: { type: "geojson", data: new URL(config.map.roads, document.baseURI).href },
    },
    layers: [
      land,
      { ...roadLines("casings", colors.casing, 1), minzoom: NEAR_ZOOM - 1.5 },
      roadLines("roads", byZoom(colors.far, colors.near), 0),
      {
        id: "names",
        type: "symbol",
        source: "roads",
        minzoom: 13,
        filter: ["has", "name"],
        layout: {
          "symbol-placement": "line",
          "symbol-spacing": 320,
          "symbol-sort-key": byClass(0, 1, 2),
          "text-field": ["get", "name"],
          "text-font": ["sans-serif"],
          "text-size": ["interpolate", ["linear"], ["zoom"], 13, 10, 18, 15],
        },
        paint: {
          "text-color": colors.label,
          "text-halo-color": colors.halo,
          "text-halo-width": 1.5,
        },
      },
    ],
  };
}

/** @param rim so many pixels more on each side */
function roadLines(
  id: string,
  color: string | ExpressionSpecification,
  rim: number,
): LayerSpecification {
  const add = (width: number) => width + 2 * rim;
  return {
    id,
    type: "line",
    source: "roads",
    layout: { "line-cap": "round", "line-join": "round", "line-sort-key": byClass(2, 1, 0) },
    paint: {
      "line-color": color,
      "line-width": [
        "interpolate",
        ["exponential", 1.5],
        ["zoom"],
        10,
        byClass(1.2 + rim, 0.7 + rim / 2, 0.4),
        13,
        byClass(add(3), add(2), add(0.8)),
        18,
        byClass(add(20), add(16), add(11)),
      ],
    },
  };
}

function byZoom(far: RoadColors, near: RoadColors): ExpressionSpecification {
  const of = ({ major, middle, minor }: RoadColors) => byClass(major, middle, minor);
  return ["interpolate", ["linear"], ["zoom"], NEAR_ZOOM - 2, of(far), NEAR_ZOOM, of(near)];
}

function byClass<T extends string | number>(
  major: T,
  middle: T,
  minor: T,
): ExpressionSpecification {
  return ["match", ["get", "class"], MAJOR, major, MIDDLE, middle, minor];
}
