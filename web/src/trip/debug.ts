import type { VehicleId, VehicleState } from "../../sdk/index.ts";
import { drawnAt } from "../../sdk/motion.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { VehicleMap } from "../map/map.ts";
import { latitudeOf, longitudeOf } from "../map/mercator.ts";
import type { Line } from "../map/trip-layer.ts";

type Spot = [longitude: number, latitude: number];

/**
 * `window.ridecastTrip`: what the map of a ride shows, for tests and for the
 * console. It only tells, and no more than the page was sent. Not a public
 * interface.
 */
export interface TripHandle {
  readonly mapLoaded: boolean;
  readonly moving: boolean;
  vehicles(): { id: VehicleId; at: Spot; state: VehicleState; faded: number }[];
  /** Null: not shown. */
  readonly pickup: Spot | null;
  readonly dropoff: Spot | null;
  readonly line: Line;
  /** Of a place, CSS pixels of the window. */
  point(place: Spot): { x: number; y: number };
}

declare global {
  interface Window {
    readonly ridecastTrip?: TripHandle;
  }
}

export function exposeTripHandle(view: VehicleMap, fleet: Fleet): void {
  const end = (name: "pickup" | "dropoff"): Spot | null => {
    const place = view.shownTrip[name];
    return place ? [place.longitude, place.latitude] : null;
  };
  const handle: TripHandle = {
    get mapLoaded() {
      return view.map.loaded();
    },
    get moving() {
      return view.map.isMoving();
    },
    vehicles() {
      const nowMs = performance.now();
      return fleet.vehicles.map(({ update, motion }) => {
        const { x, y, faded } = drawnAt(motion, nowMs);
        return { id: update.id, at: [longitudeOf(x), latitudeOf(y)], state: update.state, faded };
      });
    },
    get pickup() {
      return end("pickup");
    },
    get dropoff() {
      return end("dropoff");
    },
    get line() {
      return view.shownTrip.line ?? [];
    },
    point(place) {
      const { left, top } = view.map.getCanvas().getBoundingClientRect();
      const { x, y } = view.map.project(place);
      return { x: left + x, y: top + y };
    },
  };
  Object.defineProperty(window, "ridecastTrip", { value: Object.freeze(handle) });
}
