import type { VehicleMap } from "../map/map.ts";
import type { Page } from "./page.ts";
import * as state from "./state.ts";

/** How far a click on a cell zooms in: cells of the next size, or vehicles. */
const CELL_STEP = 1.5;

/** What a person does with the map and the keyboard. */
export function listen(
  page: Page,
  view: VehicleMap,
  told: {
    /** The map moves. */
    moved(): void;
    /** It stands again. */
    rested(): void;
  },
): void {
  const { map } = view;
  map.on("move", told.moved);
  map.on("resize", told.moved);
  map.on("moveend", () => {
    if (!state.following.value) told.rested();
  });
  map.on("dragstart", () => page.follow(false));
  map.on("click", ({ point, lngLat }) => {
    const id = view.at(point)?.update.id;
    if (id === undefined && view.cells.at(point) !== undefined) {
      map.easeTo({ center: lngLat, zoom: map.getZoom() + CELL_STEP });
    } else page.select(id === undefined ? null : { kind: "vehicle", id });
  });
  map.on("mousemove", ({ point }) => {
    const there = view.at(point) || view.cells.at(point) !== undefined;
    map.getCanvas().style.cursor = there ? "pointer" : "";
  });
  addEventListener("keydown", (event) => {
    const closes = event.key === "Escape" && !event.defaultPrevented;
    if (closes && state.selection.value !== null) page.select(null);
    // The map pans by the arrow keys.
    if (event.key.startsWith("Arrow") && event.target === map.getCanvas()) page.follow(false);
  });
}
