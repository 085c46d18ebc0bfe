import type { ServiceError } from "./errors.ts";
import type { VehicleId, VehiclesMessage, VehicleUpdate } from "./protocol.gen.ts";

/**
 * The messages of a subscription for a reader that takes them at its own pace:
 * those that wait are joined into one, in which the newest of each vehicle
 * wins. So no more waits than the vehicles that are there, and those that the
 * reader knows and that have left.
 */
export class Changes {
  /** What the reader was told of. */
  readonly #known = new Set<VehicleId>();
  #waits = false;
  #snapshot = false;
  readonly #vehicles = new Map<VehicleId, VehicleUpdate>();
  readonly #left = new Set<VehicleId>();
  #refusal: ServiceError | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  readonly onVehicles = (message: VehiclesMessage): void => {
    this.#waits = true;
    if (message.snapshot) {
      this.#snapshot = true;
      this.#vehicles.clear();
      this.#left.clear();
    }
    for (const id of message.left) {
      this.#vehicles.delete(id);
      if (this.#known.has(id)) this.#left.add(id);
    }
    for (const vehicle of message.vehicles) this.#vehicles.set(vehicle.id, vehicle);
    this.#wake?.();
  };

  readonly onRefused = (error: ServiceError): void => {
    this.#refusal = error;
    this.#wake?.();
  };

  /** Throws the `ServiceError` of a refusal. */
  async *read(subscription: string): AsyncGenerator<VehiclesMessage, void> {
    while (!this.#closed) {
      if (this.#refusal) throw this.#refusal;
      if (this.#waits) yield this.#take(subscription);
      else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #take(subscription: string): VehiclesMessage {
    const vehicles = [...this.#vehicles.values()];
    const left = [...this.#left];
    const snapshot = this.#snapshot;
    if (snapshot) this.#known.clear();
    for (const id of left) this.#known.delete(id);
    for (const { id } of vehicles) this.#known.add(id);
    this.#waits = this.#snapshot = false;
    this.#vehicles.clear();
    this.#left.clear();
    return { subscription, snapshot, vehicles, left };
  }
}
