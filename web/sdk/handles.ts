import { ProtocolError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import type { VehicleClass, VehicleId, VehiclesMessage, VehicleUpdate } from "./protocol.gen.ts";

/**
 * What the handles of one subscription stand for. Turns its binary frames into
 * the messages that the JSON subprotocol would have brought.
 */
export class HandleTable {
  readonly #known = new Map<number, { class: VehicleClass; id: VehicleId }>();

  /** Throws `ProtocolError` on a record of a handle that was never introduced. */
  resolve(frame: Frame): VehiclesMessage {
    if (frame.snapshot) this.#known.clear();
    // First those that left: a vehicle may be gone and back in one frame.
    const left: VehicleId[] = [];
    for (const handle of frame.left) {
      const named = this.#known.get(handle);
      if (named) left.push(named.id);
      this.#known.delete(handle);
    }
    const vehicles: VehicleUpdate[] = [];
    for (const record of frame.records) {
      const { handle, introduces, ...update } = record;
      if (introduces) this.#known.set(handle, introduces);
      const named = this.#known.get(handle);
      if (!named) throw new ProtocolError(`handle ${handle} was never introduced`);
      vehicles.push({ ...named, ...update });
    }
    return { subscription: frame.subscription, snapshot: frame.snapshot, vehicles, left };
  }
}
