import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Place, Toward } from "../../sdk/index.ts";
import type { Theme } from "../ui/theme.ts";
import { say } from "../words/index.ts";
import { MAP_COLORS } from "./colors.ts";
import { labelFont } from "./font.ts";

/** Longitude and latitude of each place, as GeoJSON has them. */
export type Line = [longitude: number, latitude: number][];

/** What is to be seen of one ride, or of one that is being thought of. */
export interface Trip {
  pickup?: Place | undefined;
  dropoff?: Place | undefined;
  /** The way to drive. Absent or empty: not known. */
  line?: Line | undefined;
}

const ID = "trip";
const WAY = `${ID}-way`;
const WAY_EDGE = `${ID}-way-edge`;
const DASHES = `${ID}-dashes`;
const ENDS = `${ID}-ends`;

/**
 * The pickup and the dropoff of one ride: a ring and a dot with their words,
 * and the way that is driven. Where that is not known, a dashed line says that
 * the two belong together.
 */
export class TripLayer {
  /** The topmost of its layers, which nothing should hide. */
  readonly words = `${ID}-words`;
  shown: Trip = {};

  constructor(private readonly map: MapLibre) {}

  /** To be called for every style that was loaded, before the vehicles' layer is added. */
  add(theme: Theme): void {
    // A style that MapLibre restored has it already.
    if (this.map.getSource(ID)) return;
    this.map.addSource(ID, { type: "geojson", data: collection(ends(this.shown)) });
    this.map.addSource(WAY, { type: "geojson", data: collection(way(this.shown)) });
    const round = { "line-cap": "round", "line-join": "round" } as const;
    const wide = { id: WAY_EDGE, type: "line", source: WAY, layout: round } as const;
    this.map.addLayer({ ...wide, paint: { "line-width": 9 } });
    this.map.addLayer({ ...wide, id: WAY, paint: { "line-width": 5 } });
    this.map.addLayer({
      id: DASHES,
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
        // Away from the other end, which may be near.
        "text-anchor": ["match", ["get", "side"], "below", "top", "bottom"],
        "text-offset": [
          "match",
          ["get", "side"],
          "below",
          ["literal", [0, 0.9]],
          ["literal", [0, -0.9]],
        ],
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
    this.map.setPaintProperty(WAY, "line-color", ride);
    this.map.setPaintProperty(WAY_EDGE, "line-color", halo);
    this.map.setPaintProperty(DASHES, "line-color", ride);
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

  show(trip: Trip): void {
    const before = this.shown;
    this.shown = trip;
    const known = (trip.line?.length ?? 0) > 1 === (before.line?.length ?? 0) > 1;
    const same = trip.pickup === before.pickup && trip.dropoff === before.dropoff && known;
    if (!same) this.map.getSource<GeoJSONSource>(ID)?.setData(collection(ends(trip)));
    if (trip.line !== before.line) {
      this.map.getSource<GeoJSONSource>(WAY)?.setData(collection(way(trip)));
    }
  }

  /** The language of its words changed. */
  speak(): void {
    this.map.getSource<GeoJSONSource>(ID)?.setData(collection(ends(this.shown)));
  }
}

function collection(features: ReturnType<typeof ends>) {
  return { type: "FeatureCollection" as const, features };
}

function way({ line }: Trip) {
  return line && line.length > 1 ? [feature({}, lineString(line))] : [];
}

function ends(trip: Trip) {
  const { pickup, dropoff, line } = trip;
  const [from, to] = [pickup && place(trip, pickup), dropoff && place(trip, dropoff)];
  const dashes = from && to && !(line && line.length > 1);
  return [
    ...(dashes ? [feature({}, lineString([from, to]))] : []),
    ...(from ? [end("pickup", from, to)] : []),
    ...(to ? [end("dropoff", to, from)] : []),
  ];
}

function end(end: Toward, coordinates: [number, number], other?: [number, number]) {
  const side = other && coordinates[1] < other[1] ? "below" : "above";
  return feature({ end, word: say(end), side }, { type: "Point", coordinates });
}

function feature(
  properties: Record<string, string>,
  geometry: ReturnType<typeof lineString> | { type: "Point"; coordinates: [number, number] },
) {
  return { type: "Feature" as const, properties, geometry };
}

function lineString(coordinates: Line) {
  return { type: "LineString" as const, coordinates };
}

/** Over the antimeridian by the short way. */
function place({ pickup }: Trip, { longitude, latitude }: Place): [number, number] {
  const round = Math.round(((pickup?.longitude ?? longitude) - longitude) / 360);
  return [longitude + 360 * round, latitude];
}
