// Which vehicles are to be seen, by what they do and by their class. Pure.
import type { VehicleClass, VehicleState } from "../../sdk/index.ts";

/** Of a silent one nobody knows what it does: so that is what is said of it. */
export const DOINGS = ["free", "ride", "silent"] as const;
export type Doing = (typeof DOINGS)[number];

export interface Filter {
  doings: readonly Doing[];
  /** Null: of every class. */
  vehicleClass: VehicleClass | null;
}

export const EVERYTHING: Filter = { doings: DOINGS, vehicleClass: null };

export function doingOf(state: VehicleState, onRide: boolean): Doing {
  if (state === "silent") return "silent";
  return onRide ? "ride" : "free";
}

export function passes(
  filter: Filter,
  vehicle: { state: VehicleState; class: VehicleClass },
  onRide: boolean,
): boolean {
  if (filter.vehicleClass !== null && vehicle.class !== filter.vehicleClass) return false;
  return filter.doings.includes(doingOf(vehicle.state, onRide));
}

export function isEverything({ doings, vehicleClass }: Filter): boolean {
  return vehicleClass === null && doings.length === DOINGS.length;
}

/** Takes a doing in or out. The last one stays: a map that shows nothing would look broken. */
export function toggled(filter: Filter, doing: Doing): Filter {
  const doings = DOINGS.filter((each) => filter.doings.includes(each) !== (each === doing));
  return doings.length > 0 ? { ...filter, doings } : filter;
}

/** How many of a place where so many are, as the service counts them, pass by what they do. */
export function passing(
  filter: Filter,
  { vehicles, busy, silent }: { vehicles: number; busy: number; silent: number },
): number {
  const counts: Record<Doing, number> = { silent, ride: busy, free: vehicles - busy - silent };
  return Math.max(
    0,
    filter.doings.reduce((sum, doing) => sum + counts[doing], 0),
  );
}
