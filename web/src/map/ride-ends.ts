import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Ride, Toward } from "../../sdk/index.ts";
import type { Theme } from "../ui/theme.ts";
import { say } from "../words/index.ts";
import { MAP_COLORS } from "./colors.ts";
import { labelFont } from "./font.ts";

const ID = "ride";
const LINE = `${ID}-line`;
const ENDS = `${ID}-ends`;

/**
 * The pickup and the dropoff of one ride: a ring and a dot with their words,
 * and a dashed line to say that they belong together. It is no way to drive.
 */
export class RideEnds {
  /** The topmost of its layers, which nothing should hide. */
  readonly words = `${ID}-words`;
  private shown: Ride | undefined;

  constructor(private readonly map: MapLibre) {}

  /** To be called for every style that was loaded, before the vehicles' layer is added. */
  add(theme: Theme): void {
    // A style that MapLibre restored has it already.
    if (this.map.getSource(ID)) return;
    this.map.addSource(ID, { type: "geojson", data: collection(this.shown) });
    this.map.addLayer({
      id: LINE,
      type: "line",
      source: ID,
      filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-cap": "round" },
      paint: { "line-width": 2, "line-dasharray": [0.5, 2.5], "line-opacity": 0.8 },
    });
    this.map.addLayer({
      id: ENDS,
      type: "circle",
      source: ID,
      filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 6, "circle-stroke-width": 3 },
    });
    this.map.addLayer({
      id: this.words,
      type: "symbol",
      source: ID,
      filter: ["==", ["geometry-type"], "Point"],
      layout: {
        "text-field": ["get", "word"],
        "text-font": labelFont(this.map),
        "text-size": 13,
        "text-anchor": "bottom",
        "text-offset": [0, -0.9],
        // Both always: two ends of a short ride are told apart by the ring and the dot.
        "text-allow-overlap": true,
      },
      paint: { "text-halo-width": 2 },
    });
    this.paint(theme);
  }

  paint(theme: Theme): void {
    if (!this.map.getLayer(this.words)) return;
    const { ride, halo } = MAP_COLORS[theme];
    this.map.setPaintProperty(LINE, "line-color", ride);
    this.map.setPaintProperty(ENDS, "circle-stroke-color", ride);
    this.map.setPaintProperty(ENDS, "circle-color", [
      "match",
      ["get", "end"],
      "pickup",
      halo,
      ride,
    ]);
    this.map.setPaintProperty(this.words, "text-color", ride);
    this.map.setPaintProperty(this.words, "text-halo-color", halo);
  }

  show(ride: Ride | undefined): void {
    // Its ends stay where they are, whatever else changes.
    if (ride?.ride_id === this.shown?.ride_id) return;
    this.shown = ride;
    this.map.getSource<GeoJSONSource>(ID)?.setData(collection(ride));
  }
}

function collection(ride: Ride | undefined) {
  const features = ride ? [line(ride), end(ride, "pickup"), end(ride, "dropoff")] : [];
  return { type: "FeatureCollection" as const, features };
}

function line(ride: Ride) {
  const coordinates = [place(ride, "pickup"), place(ride, "dropoff")];
  const geometry = { type: "LineString" as const, coordinates };
  return { type: "Feature" as const, properties: {}, geometry };
}

function end(ride: Ride, end: Toward) {
  const properties = { end, word: say(end) };
  const geometry = { type: "Point" as const, coordinates: place(ride, end) };
  return { type: "Feature" as const, properties, geometry };
}

/** Over the antimeridian by the short way. */
function place(ride: Ride, end: Toward): [number, number] {
  const { longitude, latitude } = ride[end];
  const round = Math.round((ride.pickup.longitude - longitude) / 360);
  return [longitude + 360 * round, latitude];
}
