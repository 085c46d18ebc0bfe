import type { Place, Position, VehicleInfo } from "../../sdk/index.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import type { VehicleMap } from "../map/map.ts";
import { centred } from "./state.ts";

/** The only vehicle here: the driver's own, of which nobody but this page tells. */
const OWN = "own";
const PADDING_PX = 64;
/** Nearer than this nobody needs to look. */
const NEAR_ZOOM = 16.5;
const TURN_MS = 600;
/** A little off is not worth a turn of the map: in zoom levels, and in parts of the map. */
const ZOOM_SLACK = 0.4;
const PLACE_SLACK = 0.12;

type Point = Pick<Place, "latitude" | "longitude">;

/** The map of a driver: the own vehicle, and where to go. */
export class DriverView {
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    readonly view: VehicleMap,
    private readonly fleet: Fleet,
  ) {
    const { map } = view;
    const byHand = () => {
      centred.value = false;
    };
    map.on("dragstart", byHand);
    // Not when the page turns the map itself: then there is no event of the person's.
    map.on("zoomstart", ({ originalEvent }) => originalEvent && byHand());
    addEventListener("keydown", ({ key, target }) => {
      if (key.startsWith("Arrow") && target === map.getCanvas()) byHand();
    });
    const glide = () => {
      fleet.glide = !this.calm.matches;
    };
    this.calm.addEventListener("change", glide);
    glide();
  }

  /** Where the own vehicle is drawn; undefined: nobody knows. */
  get own(): Vehicle | undefined {
    return this.fleet.get(OWN);
  }

  place(): Point | undefined {
    const { own } = this;
    if (!own) return undefined;
    const [longitude, latitude] = this.view.place(own, performance.now());
    return { longitude, latitude };
  }

  centre(): Point {
    const { lat, lng } = this.view.map.getCenter().wrap();
    return { latitude: lat, longitude: lng };
  }

  /** A fix of the own vehicle. */
  show(position: Position, info: VehicleInfo): void {
    const { latitude, longitude, bearing, timestamp_ms } = position;
    // Standing it looks where it looked.
    const known = bearing ?? this.own?.update.bearing;
    const update = {
      id: OWN,
      latitude,
      longitude,
      timestamp_ms,
      class: info.class,
      state: "online" as const,
      ...(known !== undefined && { bearing: known }),
    };
    this.apply([update], []);
  }

  hide(): void {
    this.apply([], [OWN]);
  }

  /** Keeps the vehicle, and where it goes, in sight, unless the person moved the map. */
  attend(target: Point | undefined): void {
    const place = this.place();
    if (!centred.value || !place || this.view.map.isMoving()) return;
    const all = target ? [place, target] : [place];
    const longitudes = all.map(({ longitude }) => longitude);
    const latitudes = all.map(({ latitude }) => latitude);
    const box: [number, number, number, number] = [
      Math.min(...longitudes),
      Math.min(...latitudes),
      Math.max(...longitudes),
      Math.max(...latitudes),
    ];
    const { map } = this.view;
    const camera = map.cameraForBounds(box, { padding: PADDING_PX, maxZoom: NEAR_ZOOM });
    if (!camera?.center || camera.zoom === undefined) return;
    // Without a ride the person's zoom is as good as any.
    const zoom = target ? camera.zoom : Math.max(map.getZoom(), 14);
    const { x, y } = map.project(camera.center);
    const { clientWidth, clientHeight } = map.getCanvas();
    const off = Math.max(Math.abs(x / clientWidth - 0.5), Math.abs(y / clientHeight - 0.5));
    if (off < PLACE_SLACK && Math.abs(map.getZoom() - zoom) < ZOOM_SLACK) return;
    const duration = this.calm.matches ? 0 : TURN_MS;
    map.easeTo({ center: camera.center, zoom, duration });
  }

  private apply(vehicles: Parameters<Fleet["apply"]>[0]["vehicles"], left: string[]): void {
    this.fleet.apply({ subscription: "", snapshot: false, vehicles, left }, performance.now());
    this.view.refresh();
  }
}
