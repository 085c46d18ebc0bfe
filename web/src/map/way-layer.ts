import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Theme } from "../ui/theme.ts";
import { MAP_COLORS } from "./colors.ts";

const EDGE = "edge";

/** One line where a vehicle was: its trail, or the track of a ride. */
export class WayLayer {
  private line: [number, number][] = [];

  constructor(
    private readonly map: MapLibre,
    /** Of the source and its layer. */
    private readonly id: string,
  ) {}

  /** To be called for every style that was loaded, before the vehicles' layer is added. */
  add(theme: Theme): void {
    if (this.map.getSource(this.id)) return;
    this.map.addSource(this.id, { type: "geojson", data: feature(this.line) });
    const layout = { "line-cap": "round", "line-join": "round" } as const;
    const source = this.id;
    this.map.addLayer({
      id: `${source}-${EDGE}`,
      type: "line",
      source,
      layout,
      paint: { "line-width": 7 },
    });
    this.map.addLayer({ id: source, type: "line", source, layout, paint: { "line-width": 4 } });
    this.paint(theme);
  }

  paint(theme: Theme): void {
    if (!this.map.getLayer(this.id)) return;
    const { halo, way } = MAP_COLORS[theme];
    this.map.setPaintProperty(`${this.id}-${EDGE}`, "line-color", halo);
    this.map.setPaintProperty(this.id, "line-color", way);
  }

  /** Longitude first; empty: none. */
  show(line: [number, number][]): void {
    if (line.length === 0 && this.line.length === 0) return;
    this.line = line;
    this.map.getSource<GeoJSONSource>(this.id)?.setData(feature(line));
  }
}

function feature(line: [number, number][]) {
  const geometry = { type: "LineString" as const, coordinates: unwrapped(line) };
  const features = line.length > 1 ? [{ type: "Feature" as const, properties: {}, geometry }] : [];
  return { type: "FeatureCollection" as const, features };
}

/** Over the antimeridian by the short way. */
function unwrapped(line: [number, number][]): [number, number][] {
  let before = line[0]?.[0] ?? 0;
  return line.map(([longitude, latitude]) => {
    before = longitude + 360 * Math.round((before - longitude) / 360);
    return [before, latitude];
  });
}
