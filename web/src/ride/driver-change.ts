import { signal } from "@preact/signals";
import type { Ride } from "../../sdk/index.ts";

/** Whether another driver comes than the one whom this page has shown before: another plate is to be looked for. */
export class DriverChange {
  readonly changed = signal(false);
  private shown: { rideId: string; driverId: string } | undefined;

  /** The ride as it is now. */
  follow(ride: Ride | undefined): void {
    const { shown } = this;
    if (!ride || ride.ride_id !== shown?.rideId) {
      this.shown = undefined;
      this.changed.value = false;
    }
    if (!ride?.driver) return;
    const { id } = ride.driver;
    if (this.shown && this.shown.driverId !== id) this.changed.value = true;
    this.shown = { rideId: ride.ride_id, driverId: id };
  }
}
