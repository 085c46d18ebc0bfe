import type { Place, Position, VehicleInfo } from "../../sdk/index.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import type { VehicleMap } from "../map/map.ts";
import { Heading } from "./heading.ts";
import { centred } from "./state.ts";

/** From farther a driver who waits sees no streets. */
const NEAR_ZOOM = 13;

type Spot = [longitude: number, latitude: number];
type Point = Pick<Place, "latitude" | "longitude">;

/** The map of a driver: the own vehicle, and where to go. */
export class DriverView {
  /** The only vehicle here is the driver's own, of which nobody but this page tells. */
  private id = "own";
  private readonly heading = new Heading();

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
  }

  /** The own vehicle; undefined: nobody knows where it is. */
  private get own(): Vehicle | undefined {
    return this.fleet.get(this.id);
  }

  centre(): Point {
    const { lat, lng } = this.view.map.getCenter().wrap();
    return { latitude: lat, longitude: lng };
  }

  /** A fix of the own vehicle. */
  show(position: Position, info: VehicleInfo): void {
    const { latitude, longitude, timestamp_ms } = position;
    const bearing = this.heading.after(position);
    const update = {
      id: this.id,
      latitude,
      longitude,
      timestamp_ms,
      class: info.class,
      state: "online" as const,
      ...(bearing !== undefined && { bearing }),
    };
    this.apply([update], []);
  }

  /** The service knows the driver's vehicle by this name. */
  name(id: string): void {
    const update = this.own?.update;
    const before = this.id;
    this.id = id;
    if (update && id !== before) this.apply([{ ...update, id }], [before]);
  }

  hide(): void {
    this.apply([], [this.id]);
  }

  /**
   * Keeps the vehicle, and places that it may go to, in sight, unless the
   * person moved the map.
   *
   * @param anew turns the map even where both are seen, from far away perhaps
   * @returns false: where the vehicle is, is not known
   */
  attend(places: Point[], anew = false): boolean {
    const { own, view } = this;
    if (!own) return false;
    if (!centred.value || (view.map.isMoving() && !anew)) return true;
    const here = view.place(own, performance.now());
    const goals = places.map(({ longitude, latitude }): Spot => [longitude, latitude]);
    const all = [here, ...goals];
    const near = goals.length > 0 || view.map.getZoom() >= NEAR_ZOOM;
    if (anew || !near || !all.every((spot) => view.inSight(spot))) view.fit(all);
    return true;
  }

  private apply(vehicles: Parameters<Fleet["apply"]>[0]["vehicles"], left: string[]): void {
    this.fleet.apply({ subscription: "", snapshot: false, vehicles, left }, performance.now());
    this.view.refresh();
  }
}
