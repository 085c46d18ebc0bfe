import type { ConnectionState, VehicleId, VehicleState } from "../../sdk/index.ts";
import { drawnAt } from "../../sdk/motion.ts";
import type { Cells } from "../fleet/cells.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { middleOf } from "../map/follower.ts";
import type { VehicleMap } from "../map/map.ts";
import { latitudeOf, longitudeOf } from "../map/mercator.ts";
import type { Show } from "./address.ts";
import type { Drives } from "./drives.ts";
import type { Replay } from "./replay/replay.ts";
import type { Sight } from "./sight.ts";
import { connection, inView, replay, selected, shown } from "./state.ts";

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
  /** Whether it drives a ride. */
  onRide: boolean;
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
  /** What the filter does not hide. */
  drawn(): DrawnVehicle[];
  /** Vehicles, or cells; null: it waits for the numbers. */
  readonly shown: Show | null;
  /** How many cells there are, and the vehicles that the service counts in them; null: not told. */
  readonly cells: { count: number; vehicles: number | null };
  /** The moment that is shown of the past, and how many fixes are held of it; null: the present. */
  readonly replay: { atMs: number; playing: boolean; waiting: boolean; held: number } | null;
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
  drives: Drives,
  view: VehicleMap,
  sight: Sight,
  cells: Cells,
  played: Replay,
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
      return sight.vehicles.updates;
    },
    get counts() {
      return { held: fleet.vehicles.length, inView: inView.value, fixes: fleet.fixes };
    },
    get frames() {
      return { count: view.layer.frames, scriptMs: view.layer.scriptMs };
    },
    get view() {
      const centre = middleOf(view.map);
      return { latitude: centre.lat, longitude: centre.lng, zoom: view.map.getZoom() };
    },
    get mapLoaded() {
      return view.map.loaded();
    },
    drawn() {
      const nowMs = performance.now();
      return fleet.vehicles
        .filter((vehicle) => !view.layer.isHidden(vehicle))
        .map(({ motion, update }) => {
          const { x, y, bearing, faded } = drawnAt(motion, nowMs);
          const [longitude, latitude] = [longitudeOf(x), latitudeOf(y)];
          const point = view.map.project([longitude, latitude]);
          const { id, state } = update;
          const onRide = drives.of(id);
          return { id, latitude, longitude, bearing, faded, state, onRide, x: point.x, y: point.y };
        });
    },
    get shown() {
      return shown.value;
    },
    get cells() {
      return { count: cells.size, vehicles: cells.total };
    },
    get replay() {
      if (!replay.value) return null;
      const { atMs, playing, waiting } = replay.value;
      return { atMs, playing, waiting, held: played.held };
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
