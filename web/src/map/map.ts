import {
  AttributionControl,
  LngLatBounds,
  Map as MapLibre,
  NavigationControl,
  setWorkerUrl,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { Place } from "../../sdk/index.ts";
import { drawnAt } from "../../sdk/motion.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import type { PageConfig } from "../service/config.ts";
import type { Theme } from "../ui/theme.ts";
import { type Age, Ages } from "./ages.ts";
import { type Bounds, firstZoom } from "./area.ts";
import { CellLayer } from "./cell-layer.ts";
import { MAP_COLORS } from "./colors.ts";
import { Follower, type Padding, SIDES } from "./follower.ts";
import { latitudeOf, longitudeOf, mercatorX, mercatorY, nearestX } from "./mercator.ts";
import { isInside, panelsOver, roomBeside } from "./room.ts";
import { baseStyle } from "./style.ts";
import { type Trip, TripLayer } from "./trip-layer.ts";
import { type Driven, VehicleLayer } from "./vehicle-layer.ts";
import { WayLayer } from "./way-layer.ts";

/** How far from a vehicle a finger may touch, CSS pixels. */
const REACH_PX = 22;
const MAX_ZOOM = 19;
/** So near to a rim, or to a panel, a place is not well in sight, pixels. */
const RIM = 24;
/** From here on a single vehicle is seen among others. */
const STREETS_ZOOM = 14.5;

/** The map with its vehicles: seeing, picking, following. */
export class VehicleMap {
  readonly map: MapLibre;
  readonly layer: VehicleLayer;
  readonly cells: CellLayer;
  /** Where the selected vehicle was lately, and how the selected ride was driven. */
  readonly trail: WayLayer;
  readonly track: WayLayer;
  private readonly ages: Ages;
  private readonly trip: TripLayer;
  private readonly follower: Follower;
  private followed: Vehicle | undefined;
  /** Whether a style was ever loaded. */
  private styled = false;

  /** Throws where the browser cannot draw with WebGL 2. */
  constructor(
    container: HTMLElement,
    private readonly config: PageConfig,
    private readonly fleet: Fleet,
    rides: Driven,
    private theme: Theme,
  ) {
    // An address of our own in place of a blob: a strict policy allows it.
    setWorkerUrl(workerUrl);
    this.layer = new VehicleLayer(fleet, rides, MAP_COLORS[theme].vehicles);
    const { bounds } = config.map;
    this.map = new MapLibre({
      container,
      style: baseStyle(config, theme),
      ...(bounds && firstView(bounds, container)),
      attributionControl: false,
      maxZoom: MAX_ZOOM,
      // North stays up and the view stays flat: what a bearing means is then plain.
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
    });
    this.follower = new Follower(this.map);
    this.ages = new Ages(this.map);
    this.trip = new TripLayer(this.map);
    this.cells = new CellLayer(this.map);
    this.trail = new WayLayer(this.map, "trail");
    this.track = new WayLayer(this.map, "track");
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    const credits = { compact: false, customAttribution: config.map.attribution };
    this.map.addControl(new AttributionControl(credits), "bottom-right");
    this.map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    // Again after another style was loaded, or a lost GL context was restored.
    this.map.on("style.load", () => {
      this.styled = true;
      for (const layer of this.layers) layer.add(this.theme);
      // Over the ends of a ride and under their words.
      if (!this.map.getLayer(this.layer.id)) this.map.addLayer(this.layer, this.trip.words);
    });
    this.map.on("error", () => this.makeDo());
    this.layer.onFrame = (nowMs) => this.keepUp(nowMs);
  }

  /** Our own beside the vehicles, the lowest first. */
  private get layers() {
    return [this.cells, this.track, this.trail, this.ages, this.trip];
  }

  /** The visible area; longitudes may run beyond ±180. */
  bounds(): Bounds {
    const bounds = this.map.getBounds();
    return {
      south: bounds.getSouth(),
      west: bounds.getWest(),
      north: bounds.getNorth(),
      east: bounds.getEast(),
    };
  }

  /** Draws again, after vehicles changed. */
  refresh(): void {
    this.map.triggerRepaint();
  }

  /** The ages to write beside vehicles. */
  showAges(ages: Age[]): void {
    this.ages.show(ages);
  }

  /** The ends of a ride, and the way between if it is known; nothing: of none. */
  showTrip(trip: Trip | undefined): void {
    this.trip.show(trip ?? {});
  }

  /** What `showTrip` shows. */
  get shownTrip(): Trip {
    return this.trip.shown;
  }

  /** The language of the words on the map changed. */
  speak(): void {
    this.trip.speak();
  }

  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    this.layer.colors = MAP_COLORS[theme].vehicles;
    const style = baseStyle(this.config, theme);
    if (typeof style === "string") {
      this.map.setStyle(style);
      return;
    }
    for (const layer of this.layers) layer.paint(theme);
    // Only colours differ: no need to load the roads again.
    for (const layer of style.layers) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, name as "line-color", value);
      }
    }
  }

  /** Without the operator's style there would be no vehicles either: the roads then. */
  private makeDo(): void {
    const { map } = this.config;
    if (!map.style || this.styled) return;
    map.style = null;
    this.map.setStyle(baseStyle(this.config, this.theme));
  }

  /** The vehicles inside the visible map, those that a filter hides too. */
  visible(): Vehicle[] {
    const nowMs = performance.now();
    const { south, west, north, east } = this.bounds();
    const [left, right] = [mercatorX(west), mercatorX(east)];
    const [top, bottom] = [mercatorY(north), mercatorY(south)];
    return this.fleet.vehicles.filter(({ motion }) => {
      const { x, y } = drawnAt(motion, nowMs);
      const near = nearestX(x, (left + right) / 2);
      return near >= left && near <= right && y >= top && y <= bottom;
    });
  }

  /** The vehicle drawn nearest to a place on the canvas, within a finger's reach. */
  at(point: { x: number; y: number }): Vehicle | undefined {
    const nowMs = performance.now();
    const place = this.map.unproject([point.x, point.y]);
    const [x, y] = [mercatorX(place.lng), mercatorY(place.lat)];
    let nearest: Vehicle | undefined;
    let least = REACH_PX / (512 * 2 ** this.map.getZoom());
    for (const vehicle of this.fleet.vehicles) {
      if (this.layer.isHidden(vehicle)) continue;
      const drawn = drawnAt(vehicle.motion, nowMs);
      const distance = Math.hypot(nearestX(drawn.x, x) - x, drawn.y - y);
      if (distance < least) {
        least = distance;
        nearest = vehicle;
      }
    }
    return nearest;
  }

  /** Keeps the vehicle in the middle of the room beside panels from now on; nothing: no more. */
  follow(vehicle: Vehicle | undefined): void {
    this.followed = vehicle;
    if (vehicle) this.follower.begin();
    else this.follower.end();
    this.refresh();
  }

  /** Shows all of these places, with room around them; longitude first. */
  fit(places: [number, number][], maxZoom = 16.5): void {
    const [first] = places;
    if (!first) return;
    const bounds = new LngLatBounds(first, first);
    for (const place of places) bounds.extend(place);
    const padding = this.beside();
    const { width, height } = this.box();
    const around = Math.min(
      70,
      (width - padding.left - padding.right) / 5,
      (height - padding.top - padding.bottom) / 5,
    );
    for (const side of SIDES) padding[side] += around;
    this.map.fitBounds(bounds, { padding, maxZoom, duration: 600 });
  }

  /** Whether a place is well inside the visible map, and not below a panel. */
  inSight([longitude, latitude]: [number, number]): boolean {
    const map = this.box();
    const { x, y } = this.map.project([longitude, latitude]);
    const at = { x: map.left + x, y: map.top + y };
    const below = panelsOver().some((panel) => isInside(at, panel, -RIM));
    return isInside(at, map, RIM) && !below;
  }

  /** Brings a vehicle into sight if it is not: outside the map, or below a panel. */
  reveal(vehicle: Vehicle): void {
    const center = this.place(vehicle, performance.now());
    const canvas = this.map.getCanvas();
    const { left, top } = this.box();
    const { x, y } = this.map.project(center);
    if (document.elementFromPoint(left + x, top + y) === canvas) return;
    this.map.easeTo({ center, offset: this.middle(), duration: 300 });
  }

  /** Goes there, near enough to see it among others, if it is not in sight. */
  come({ longitude, latitude }: Place): void {
    const center: [number, number] = [longitude, latitude];
    const zoom = Math.max(this.map.getZoom(), STREETS_ZOOM);
    if (zoom === this.map.getZoom() && this.inSight(center)) return;
    this.map.easeTo({ center, zoom, offset: this.middle(), duration: 600 });
  }

  /** Where the map is in the window. It hears of a new size late: a panel that opens is to be told of at once. */
  private box(): DOMRect {
    const canvas = this.map.getCanvas().getBoundingClientRect();
    const box = this.map.getContainer().getBoundingClientRect();
    const off = Math.max(Math.abs(canvas.width - box.width), Math.abs(canvas.height - box.height));
    if (off >= 1) this.map.resize();
    return box;
  }

  /** What panels take of the map on each side, pixels. */
  private beside(): Padding {
    const map = this.box();
    const room = roomBeside(map, panelsOver());
    return {
      left: room.left - map.left,
      top: room.top - map.top,
      right: map.right - room.right,
      bottom: map.bottom - room.bottom,
    };
  }

  /** Of the room beside panels, from the middle of the map, pixels. */
  private middle(): [number, number] {
    const { left, top, right, bottom } = this.beside();
    return [(left - right) / 2, (top - bottom) / 2];
  }

  /** Longitude and latitude of where it is drawn. */
  place(vehicle: Vehicle, nowMs: number): [number, number] {
    const { x, y } = drawnAt(vehicle.motion, nowMs);
    return [longitudeOf(x), latitudeOf(y)];
  }

  private keepUp(nowMs: number): void {
    if (this.followed) this.follower.keepUp(this.place(this.followed, nowMs), this.beside());
  }
}

/** On the area's middle. */
function firstView(
  [south, west, north, east]: [number, number, number, number],
  container: HTMLElement,
): { center: [number, number]; zoom: number } {
  const area = { south, west, north, east: east < west ? east + 360 : east };
  const middle = (mercatorY(south) + mercatorY(north)) / 2;
  return {
    center: [(area.west + area.east) / 2, latitudeOf(middle)],
    zoom: Math.min(MAX_ZOOM, firstZoom(area, container.clientWidth, container.clientHeight)),
  };
}
