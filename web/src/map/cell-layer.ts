import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { type Cell, middle } from "../fleet/cells.ts";
import type { Theme } from "../ui/theme.ts";
import { number } from "../words/index.ts";
import { cellSteps, SHADES, shadeOf, steadyTop } from "./cell-scale.ts";
import { CELL_SHADES, MAP_COLORS } from "./colors.ts";
import { labelFont } from "./font.ts";

const ID = "cells";
const EDGES = `${ID}-edges`;
const WORDS = `${ID}-words`;
/** A count is written in a cell of this width, CSS pixels. */
const WORDS_MIN_PX = 26;

export interface ShownCell {
  id: string;
  count: number;
  cell: Cell;
}

/** Cells with their counts: shades of one hue, and the number where there is room. */
export class CellLayer {
  /** The least count of each shade that is on the map. */
  steps: number[] = [1];
  private top = 0;
  private cells: ShownCell[] = [];
  private visible = false;

  constructor(private readonly map: MapLibre) {}

  /** To be called for every style that was loaded, before the vehicles' layer is added. */
  add(theme: Theme): void {
    if (this.map.getSource(ID)) return;
    this.map.addSource(ID, { type: "geojson", data: this.collection() });
    this.map.addLayer({ id: ID, type: "fill", source: ID, paint: { "fill-opacity": 0.85 } });
    this.map.addLayer({ id: EDGES, type: "line", source: ID, paint: { "line-width": 1 } });
    this.map.addLayer({
      id: WORDS,
      type: "symbol",
      source: ID,
      filter: ["all", ["==", ["geometry-type"], "Point"], ["get", "wide"]],
      layout: {
        "text-field": ["get", "count"],
        "text-font": labelFont(this.map),
        "text-size": 12,
        "text-allow-overlap": true,
      },
    });
    this.paint(theme);
    this.setVisible();
  }

  paint(theme: Theme): void {
    if (!this.map.getLayer(WORDS)) return;
    const shades = CELL_SHADES[theme];
    const by = (colors: string[]) =>
      ["match", ["get", "shade"], ...colors.flatMap((color, i) => [i, color]), colors[0]] as never;
    this.map.setPaintProperty(ID, "fill-color", by(shades.map(({ fill }) => fill)));
    this.map.setPaintProperty(EDGES, "line-color", MAP_COLORS[theme].land);
    this.map.setPaintProperty(WORDS, "text-color", by(shades.map(({ text }) => text)));
  }

  /** Null: the map shows vehicles and no cells. */
  show(cells: ShownCell[] | null): void {
    const visible = cells !== null;
    if (!visible && !this.visible) return;
    this.cells = cells ?? [];
    this.top = steadyTop(
      this.top,
      this.cells.reduce((most, { count }) => Math.max(most, count), 0),
    );
    this.steps = cellSteps(this.top).slice(0, SHADES);
    this.map.getSource<GeoJSONSource>(ID)?.setData(this.collection());
    if (visible === this.visible) return;
    this.visible = visible;
    this.setVisible();
  }

  /** The count of the cell at a place on the canvas. */
  at(point: { x: number; y: number }): number | undefined {
    if (!this.visible || !this.map.getLayer(ID)) return undefined;
    const [found] = this.map.queryRenderedFeatures([point.x, point.y], { layers: [ID] });
    return found && Number(found.properties.vehicles);
  }

  private setVisible(): void {
    for (const id of [ID, EDGES, WORDS]) {
      if (!this.map.getLayer(id)) continue;
      this.map.setLayoutProperty(id, "visibility", this.visible ? "visible" : "none");
    }
  }

  private collection() {
    return {
      type: "FeatureCollection" as const,
      features: this.cells.flatMap((shown) => this.features(shown)),
    };
  }

  private features({ count, cell: { outline } }: ShownCell) {
    const shade = shadeOf(count, this.steps);
    const wide = this.widthPx(outline) >= WORDS_MIN_PX;
    const properties = { shade, vehicles: count, count: short(count), wide };
    const ring = [...outline, outline[0] ?? [0, 0]];
    return [
      { type: "Polygon" as const, coordinates: [ring] },
      { type: "Point" as const, coordinates: middle(outline) },
    ].map((geometry) => ({ type: "Feature" as const, properties, geometry }));
  }

  private widthPx(outline: [number, number][]): number {
    const longitudes = outline.map(([longitude]) => longitude);
    const degrees = Math.max(...longitudes) - Math.min(...longitudes);
    return (degrees / 360) * 512 * 2 ** this.map.getZoom();
  }
}

/** `950`, `1.2K`: with room for four letters. */
function short(count: number): string {
  return number(count, { notation: "compact", maximumFractionDigits: count < 10_000 ? 1 : 0 });
}
