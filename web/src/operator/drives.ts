import type { VehicleId } from "../../sdk/index.ts";
import type { RideBook } from "../fleet/ride-book.ts";

/** Which vehicle is drawn as one that drives a ride: now, or at the moment of a replay. */
export class Drives {
  /** Who says it of the past; absent: the present is shown. */
  past: { of(vehicle: VehicleId): boolean } | undefined;

  constructor(private readonly now: RideBook) {}

  of(vehicle: VehicleId): boolean {
    return this.past ? this.past.of(vehicle) : this.now.of(vehicle) !== undefined;
  }
}
