// Whether the map shows vehicles or cells with their numbers. Pure.
import type { Show } from "./address.ts";

/** Below this zoom a town is seen as a whole, and the service is asked for its numbers. */
export const CITY_ZOOM = 12.5;
/** More vehicles than this are a cloud: cells then. Fewer than the lower number: vehicles again. */
const CROWD = 2_000;
const CROWD_OVER = 1_500;

export interface Seen {
  zoom: number;
  /** Vehicles in the area as the service counts them; null: not told. */
  total: number | null;
  /** The service does not give the vehicles of so large an area. */
  dotsRefused: boolean;
  /** It does not give the numbers. */
  cellsRefused: boolean;
  /** What the address says. */
  forced: Show | null;
  /** What is shown now; null: nothing yet. */
  shown: Show | null;
}

/** Whether the numbers are to be watched. */
export function countsWanted({ zoom, forced }: Pick<Seen, "zoom" | "forced">): boolean {
  return forced ? forced === "cells" : zoom < CITY_ZOOM;
}

/** What to show; null: wait for the numbers before thousands of vehicles are asked for. */
export function whatToShow(seen: Seen): Show | null {
  if (seen.forced) return seen.forced;
  if (seen.zoom >= CITY_ZOOM || seen.cellsRefused) return "dots";
  if (seen.dotsRefused && seen.total !== null) return "cells";
  if (seen.total === null) return seen.shown;
  if (seen.total > CROWD) return "cells";
  return seen.shown === "cells" && seen.total >= CROWD_OVER ? "cells" : "dots";
}
