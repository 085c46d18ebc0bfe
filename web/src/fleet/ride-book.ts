import type { Ride, RideId, RideState, VehicleId } from "../../sdk/index.ts";

const DRIVEN: readonly RideState[] = ["accepted", "arrived", "in_progress"];

/** Whether a vehicle is on its way for the ride. */
export function isDriven(ride: Ride): boolean {
  return ride.driver !== undefined && DRIVEN.includes(ride.state);
}

/** Which vehicle drives which ride. */
export class RideBook {
  /** Told of each vehicle whose ride has begun, changed or ended. */
  onChange: ((vehicle: VehicleId) => void) | undefined;
  private readonly driven = new Map<RideId, Ride>();
  private readonly byVehicle = new Map<VehicleId, Ride>();
  /** While a fetch is under way: what changed since it began, newer than anything it brings. */
  private changed: Set<RideId> | undefined;

  /** The ride that the vehicle drives now. */
  of(vehicle: VehicleId): Ride | undefined {
    return this.byVehicle.get(vehicle);
  }

  /** A ride as an event tells it. Those of one ride come in order. */
  take(ride: Ride): void {
    this.changed?.add(ride.ride_id);
    this.put(ride);
  }

  /** The rides that are driven are being asked for: events may overtake the answer. */
  expect(): void {
    this.changed = new Set();
  }

  /** The answer: the rides that are driven, each as it was at some moment since `expect`. Null: none came. */
  fetched(rides: Ride[] | null): void {
    const changed = this.changed;
    this.changed = undefined;
    if (!rides || !changed) return;
    const stays = new Set(rides.map((ride) => ride.ride_id));
    for (const ride of [...this.driven.values()]) {
      if (!stays.has(ride.ride_id) && !changed.has(ride.ride_id)) this.remove(ride);
    }
    for (const ride of rides) if (!changed.has(ride.ride_id)) this.put(ride);
  }

  clear(): void {
    for (const ride of [...this.driven.values()]) this.remove(ride);
  }

  private put(ride: Ride): void {
    const known = this.driven.get(ride.ride_id);
    if (known && known.version >= ride.version) return;
    if (known) this.remove(known);
    if (!ride.driver || !isDriven(ride)) return;
    this.driven.set(ride.ride_id, ride);
    this.byVehicle.set(ride.driver.id, ride);
    this.onChange?.(ride.driver.id);
  }

  private remove(ride: Ride): void {
    this.driven.delete(ride.ride_id);
    const vehicle = ride.driver?.id;
    // It may have the next ride by now.
    if (vehicle === undefined || this.byVehicle.get(vehicle) !== ride) return;
    this.byVehicle.delete(vehicle);
    this.onChange?.(vehicle);
  }
}
