import { computed, signal } from "@preact/signals";
import type { Place, RequestRide, Toward } from "../../sdk/index.ts";
import { orAbsent, place, record, text } from "../service/checks.ts";
import { keep, recall } from "../service/kept.ts";
import { newKey } from "../service/key.ts";

const NAME = "wish";

/** What this person thinks of asking for. Kept by the tab, so that a reload does not lose it. */
interface Kept {
  pickup?: Place | undefined;
  dropoff?: Place | undefined;
  vehicle_class?: string | undefined;
  /** Of a request that has no answer yet: sent again, it is the same ride. */
  key?: string | undefined;
}
const wish = record<Kept>({
  pickup: orAbsent(place),
  dropoff: orAbsent(place),
  vehicle_class: orAbsent(text),
  key: orAbsent(text),
});

/** The ride before it is asked for. */
export class Wish {
  readonly pickup = signal<Place | undefined>(undefined);
  readonly dropoff = signal<Place | undefined>(undefined);
  readonly vehicleClass = signal<string | undefined>(undefined);
  /** Which end the next touch of the map sets. */
  readonly asked = signal<Toward | undefined>("pickup");
  private key: string | undefined;

  readonly complete = computed(
    () => this.pickup.value !== undefined && this.dropoff.value !== undefined,
  );

  constructor() {
    const kept = recall("tab", NAME, wish) ?? {};
    this.pickup.value = kept.pickup;
    this.dropoff.value = kept.dropoff;
    this.vehicleClass.value = kept.vehicle_class;
    this.key = kept.key;
    this.askNext();
  }

  /** Sets one end; the next touch sets the other if it is missing. */
  set(end: Toward, place: Place | undefined): void {
    this[end].value = place;
    this.changed();
    if (place) this.askNext();
    else this.asked.value = end;
  }

  /** Its street is known by now. */
  name(end: Toward, place: Place, address: string): void {
    if (this[end].peek() === place) this.set(end, { ...place, address });
  }

  choose(vehicleClass: string | undefined): void {
    this.vehicleClass.value = vehicleClass;
    this.changed();
  }

  swap(): void {
    const { pickup, dropoff } = this;
    [pickup.value, dropoff.value] = [dropoff.peek(), pickup.peek()];
    this.changed();
    this.askNext();
  }

  /** All from the beginning, at the place where the last one ended or began. */
  begin(trip: { pickup?: Place; dropoff?: Place } = {}): void {
    this.pickup.value = trip.pickup;
    this.dropoff.value = trip.dropoff;
    this.changed();
    this.askNext();
  }

  /** What to send. The same wish has the same key until it is `heard`. */
  request(): RequestRide | undefined {
    const [pickup, dropoff, vehicle_class] = [
      this.pickup.peek(),
      this.dropoff.peek(),
      this.vehicleClass.peek(),
    ];
    if (!pickup || !dropoff) return undefined;
    this.key ??= newKey();
    this.keep();
    const idempotency_key = this.key;
    return { pickup, dropoff, idempotency_key, ...(vehicle_class && { vehicle_class }) };
  }

  /** The service has it, or has refused it: the next one is another. */
  heard(): void {
    this.key = undefined;
    this.keep();
  }

  private askNext(): void {
    this.asked.value = !this.pickup.peek()
      ? "pickup"
      : !this.dropoff.peek()
        ? "dropoff"
        : undefined;
  }

  private changed(): void {
    this.key = undefined;
    this.keep();
  }

  private keep(): void {
    const kept: Kept = {
      pickup: this.pickup.peek(),
      dropoff: this.dropoff.peek(),
      vehicle_class: this.vehicleClass.peek(),
      key: this.key,
    };
    keep("tab", NAME, kept);
  }
}
