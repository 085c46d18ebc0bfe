import { type Frame, FrameError } from "./frame.ts";
import type { VehicleClass, VehicleId, VehiclesMessage, VehicleUpdate } from "./protocol.gen.ts";

/**
 * What the handles of one subscription stand for. Turns its binary frames into
 * the messages that the JSON subprotocol would have brought.
 */
export class HandleTable {
  private readonly known = new Map<number, { class: VehicleClass; id: VehicleId }>();

  /** Throws `FrameError` on a handle that was never introduced. */
  resolve(frame: Frame): VehiclesMessage {
    if (frame.snapshot) this.known.clear();
    // First those that left: a vehicle may be gone and back in one frame.
    const left: VehicleId[] = [];
    for (const handle of frame.left) {
      const named = this.known.get(handle);
      if (!named) throw new FrameError(`the handle ${handle} left and was never introduced`);
      this.known.delete(handle);
      left.push(named.id);
    }
    const vehicles: VehicleUpdate[] = [];
    for (const record of frame.records) {
      if (record.introduces) this.known.set(record.handle, record.introduces);
      const named = this.known.get(record.handle);
      if (!named) throw new FrameError(`the handle ${record.handle} was never introduced`);
      const vehicle: VehicleUpdate = {
        id: named.id,
        latitude: record.latitude,
        longitude: record.longitude,
        timestamp_ms: record.timestamp_ms,
        class: named.class,
        state: record.state,
      };
      if (record.bearing !== undefined) vehicle.bearing = record.bearing;
      if (record.speed !== undefined) vehicle.speed = record.speed;
      vehicles.push(vehicle);
    }
    return { subscription: frame.subscription, snapshot: frame.snapshot, vehicles, left };
  }
}
