import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Theme } from "../ui/theme.ts";
import { MAP_COLORS } from "./colors.ts";
import { labelFont } from "./font.ts";

const ID = "ages";
/** More than anybody reads; the map would be full of them. */
export const AGES_MAX = 60;

/** A vehicle whose place says little of now, and how old it is. */
export interface Age {
  longitude: number;
  latitude: number;
  text: string;
}

/**
 * The ages beside the vehicles that are drawn faded. They stand still, so a
 * plain layer of MapLibre's does.
 */
export class Ages {
  private shown = "";

  constructor(private readonly map: MapLibre) {}

  /** To be called for every style that was loaded, before the vehicles' layer is added. */
  add(theme: Theme): void {
    this.shown = "";
    // A style that MapLibre restored has it already.
    if (this.map.getSource(ID)) return;
    this.map.addSource(ID, { type: "geojson", data: collection([]) });
    this.map.addLayer({
      id: ID,
      type: "symbol",
      source: ID,
      layout: {
        "text-field": ["get", "text"],
        "text-font": labelFont(this.map),
        "text-size": 11,
        "text-anchor": "top",
        "text-offset": [0, 0.9],
      },
      paint: { "text-halo-width": 1.5 },
    });
    this.paint(theme);
  }

  paint(theme: Theme): void {
    if (!this.map.getLayer(ID)) return;
    const { label, halo } = MAP_COLORS[theme];
    this.map.setPaintProperty(ID, "text-color", label);
    this.map.setPaintProperty(ID, "text-halo-color", halo);
  }

  show(ages: Age[]): void {
    const source = this.map.getSource<GeoJSONSource>(ID);
    const shown = JSON.stringify(ages);
    if (!source || shown === this.shown) return;
    this.shown = shown;
    source.setData(collection(ages));
  }
}

function collection(ages: Age[]) {
  return {
    type: "FeatureCollection" as const,
    features: ages.map(({ longitude, latitude, text }) => ({
      type: "Feature" as const,
      properties: { text },
      geometry: { type: "Point" as const, coordinates: [longitude, latitude] },
    })),
  };
}
