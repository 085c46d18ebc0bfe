import type { ConnectionState, RideState, VehicleId, VehicleState } from "../../sdk/index.ts";
import { drawnAt } from "../../sdk/motion.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { RideBook } from "../fleet/ride-book.ts";
import type { VehicleMap } from "../map/map.ts";
import { latitudeOf, longitudeOf } from "../map/mercator.ts";
import type { Watch } from "../map/watch.ts";
import { connection, inView, selected } from "./state.ts";

/** A vehicle as it is drawn at this moment, between its fixes. */
export interface DrawnVehicle {
  id: VehicleId;
  latitude: number;
  longitude: number;
  /** Degrees; NaN: not known. */
  bearing: number;
  /** From 0, fresh, to 1. */
  faded: number;
  state: VehicleState;
  /** Of the ride that it drives; null: of none. */
  ride: RideState | null;
  /** Of the middle of the vehicle, CSS pixels from the map's upper left corner. */
  x: number;
  y: number;
}

/**
 * `window.ridecast`: what the page shows, for tests and for the console. It
 * only tells; nothing can be changed through it, and no more be learnt than
 * the page was sent. Not a public interface.
 */
export interface DebugHandle {
  readonly connection: ConnectionState;
  /** How many sessions there were since the page was opened. */
  readonly sessions: number;
  /** How often the viewport subscription was moved. */
  readonly viewportUpdates: number;
  /** Vehicles the subscription holds, drawn inside the visible map, and fixes received. */
  readonly counts: { held: number; inView: number; fixes: number };
  /** Frames of the vehicle layer and the script time of all of them, ms. */
  readonly frames: { count: number; scriptMs: number };
  readonly view: { latitude: number; longitude: number; zoom: number };
  /** Whether nothing of the base map is still loading. */
  readonly mapLoaded: boolean;
  drawn(): DrawnVehicle[];
  /** Where the ends of the selected vehicle's ride are, CSS pixels as above; null: it has none. */
  readonly rideEnds: Record<"pickup" | "dropoff", { x: number; y: number }> | null;
}

declare global {
  interface Window {
    readonly ridecast?: DebugHandle;
  }
}

export function exposeDebugHandle(
  fleet: Fleet,
  rides: RideBook,
  view: VehicleMap,
  watch: Watch,
): void {
  let sessions = 0;
  connection.subscribe(({ kind }) => {
    if (kind === "live") sessions += 1;
  });
  const handle: DebugHandle = {
    get connection() {
      return connection.value;
    },
    get sessions() {
      return sessions;
    },
    get viewportUpdates() {
      return watch.updates;
    },
    get counts() {
      return { held: fleet.vehicles.length, inView: inView.value, fixes: fleet.fixes };
    },
    get frames() {
      return { count: view.layer.frames, scriptMs: view.layer.scriptMs };
    },
    get view() {
      const centre = view.map.getCenter();
      return { latitude: centre.lat, longitude: centre.lng, zoom: view.map.getZoom() };
    },
    get mapLoaded() {
      return view.map.loaded();
    },
    drawn() {
      const nowMs = performance.now();
      return fleet.vehicles.map(({ motion, update }) => {
        const { x, y, bearing, faded } = drawnAt(motion, nowMs);
        const [longitude, latitude] = [longitudeOf(x), latitudeOf(y)];
        const point = view.map.project([longitude, latitude]);
        const { id, state } = update;
        const ride = rides.of(id)?.state ?? null;
        return { id, latitude, longitude, bearing, faded, state, ride, x: point.x, y: point.y };
      });
    },
    get rideEnds() {
      const ride = selected.value?.ride;
      if (!ride) return null;
      const at = ({ longitude, latitude }: { longitude: number; latitude: number }) => {
        const { x, y } = view.map.project([longitude, latitude]);
        return { x, y };
      };
      return { pickup: at(ride.pickup), dropoff: at(ride.dropoff) };
    },
  };
  Object.defineProperty(window, "ridecast", { value: Object.freeze(handle) });
}
