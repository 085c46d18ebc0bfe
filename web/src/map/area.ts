import type { Viewport } from "../../sdk/index.ts";
import { mercatorX, mercatorY, wrapLongitude } from "./mercator.ts";

/** A rectangle as the map gives it: longitudes may run beyond ±180. */
export interface Bounds {
  south: number;
  west: number;
  north: number;
  east: number;
}

/** So much more than the visible on each side, in parts of it: a small pan needs no update. */
const MARGIN = 0.1;
/** A subscription that is so many times as wide as the view brings too much that nobody sees. */
const LOOSE = 2;

/** Of the map's width and height, so much is filled at first. */
const FILLED = 0.5;
/** MapLibre's world at zoom 0, CSS pixels. */
const WORLD_PX = 512;

/**
 * The zoom that shows the whole area; closer where that would leave it a strip:
 * it fills at least half of the map's width and of its height.
 */
export function firstZoom(area: Bounds, width: number, height: number): number {
  const wide = width / (mercatorX(area.east) - mercatorX(area.west));
  const high = height / (mercatorY(area.south) - mercatorY(area.north));
  return Math.log2(Math.max(Math.min(wide, high), FILLED * Math.max(wide, high)) / WORLD_PX);
}

export function withMargin(view: Bounds): Bounds {
  const height = (view.north - view.south) * MARGIN;
  const width = (view.east - view.west) * MARGIN;
  return {
    south: Math.max(-90, view.south - height),
    west: view.west - width,
    north: Math.min(90, view.north + height),
    east: view.east + width,
  };
}

/** Whether `held` no longer serves the view: a part is missing, or far too much is there. */
export function outgrown(held: Bounds, view: Bounds): boolean {
  const inside =
    view.south >= held.south &&
    view.north <= held.north &&
    view.west >= held.west &&
    view.east <= held.east;
  return !inside || held.east - held.west > LOOSE * (view.east - view.west);
}

/** On the wire, `west` greater than `east` says that the antimeridian lies between. */
export function toViewport(area: Bounds, zoom: number): Viewport & { zoom: number } {
  const round = area.east - area.west >= 360;
  return {
    south: Math.max(-90, area.south),
    west: round ? -180 : wrapLongitude(area.west),
    north: Math.min(90, area.north),
    east: round ? 180 : wrapLongitude(area.east),
    zoom: Math.min(24, Math.max(0, zoom)),
  };
}
