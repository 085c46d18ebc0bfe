import type { Ride, RideId, RideState, VehicleId } from "../../sdk/index.ts";

const DRIVEN: readonly RideState[] = ["accepted", "arrived", "in_progress"];
const OVER: readonly RideState[] = ["completed", "cancelled", "expired"];

/** Whether nothing more will become of the ride. */
export function isOver({ state }: Ride): boolean {
  return OVER.includes(state);
}

/** Whether a vehicle is on its way for the ride. */
export function isDriven(ride: Ride): boolean {
  return ride.driver !== undefined && DRIVEN.includes(ride.state);
}

/** The rides that are open, and which vehicle drives which of them. */
export class RideBook {
  /** Told of each vehicle whose ride has begun, changed or ended. */
  onChange: ((vehicle: VehicleId) => void) | undefined;
  /** Told of each ride that an event tells of, over ones too. */
  onRide: ((ride: Ride) => void) | undefined;
  private readonly open = new Map<RideId, Ride>();
  private readonly byVehicle = new Map<VehicleId, Ride>();
  /** While a fetch is under way: what changed since it began, newer than anything it brings. */
  private changed: Set<RideId> | undefined;

  /** All that are open. */
  rides(): Ride[] {
    return [...this.open.values()];
  }

  get(id: RideId): Ride | undefined {
    return this.open.get(id);
  }

  /** The ride that the vehicle drives now. */
  of(vehicle: VehicleId): Ride | undefined {
    return this.byVehicle.get(vehicle);
  }

  /** A ride as an event tells it. Those of one ride come in order. */
  take(ride: Ride): void {
    this.changed?.add(ride.ride_id);
    this.put(ride);
    this.onRide?.(ride);
  }

  /** The open rides are being asked for: events may overtake the answer. */
  expect(): void {
    this.changed = new Set();
  }

  /** The answer: the open rides, each as it was at some moment since `expect`. Null: none came. */
  fetched(rides: Ride[] | null): void {
    const changed = this.changed;
    this.changed = undefined;
    if (!rides || !changed) return;
    const stays = new Set(rides.map((ride) => ride.ride_id));
    for (const ride of [...this.open.values()]) {
      if (!stays.has(ride.ride_id) && !changed.has(ride.ride_id)) this.remove(ride);
    }
    for (const ride of rides) if (!changed.has(ride.ride_id)) this.put(ride);
  }

  clear(): void {
    for (const ride of [...this.open.values()]) this.remove(ride);
  }

  private put(ride: Ride): void {
    const known = this.open.get(ride.ride_id);
    if (known && known.version >= ride.version) return;
    if (known) this.remove(known);
    if (isOver(ride)) return;
    this.open.set(ride.ride_id, ride);
    if (!ride.driver || !isDriven(ride)) return;
    this.byVehicle.set(ride.driver.id, ride);
    this.onChange?.(ride.driver.id);
  }

  private remove(ride: Ride): void {
    this.open.delete(ride.ride_id);
    const vehicle = ride.driver?.id;
    // It may have the next ride by now.
    if (vehicle === undefined || this.byVehicle.get(vehicle) !== ride) return;
    this.byVehicle.delete(vehicle);
    this.onChange?.(vehicle);
  }
}
