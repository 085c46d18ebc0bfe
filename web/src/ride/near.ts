import type { Client, Subscription, VehicleClass, VehiclesMessage } from "../../sdk/index.ts";
import { apartM } from "../map/metres.ts";

const RADIUS_M = 3_000;
/** More than anybody counts. */
const LIMIT = 60;
/** The circle stays for a smaller step than this, m. */
const STEP_M = 150;
/** A rider does not need each move of each vehicle. */
const MAX_RATE_HZ = 2;

interface Around {
  longitude: number;
  latitude: number;
  vehicle_class?: VehicleClass | undefined;
}

/** The free vehicles around one place, which may move; or nowhere. */
export class Near {
  private subscription: Subscription | undefined;
  private around: Around | undefined;

  constructor(
    private readonly client: Client,
    private readonly listener: { onVehicles(message: VehiclesMessage): void; onEnd(): void },
  ) {}

  /** Nothing: no vehicles are wanted any more. */
  watch(around: Around | undefined): void {
    if (!around) {
      if (!this.around) return;
      this.around = undefined;
      this.subscription?.close();
      this.subscription = undefined;
      this.listener.onEnd();
      return;
    }
    if (this.around && !moved(this.around, around)) return;
    this.around = around;
    const { longitude, latitude, vehicle_class } = around;
    const channel = {
      kind: "nearby" as const,
      latitude,
      longitude,
      radius_m: RADIUS_M,
      limit: LIMIT,
      ...(vehicle_class && { vehicle_class }),
    };
    if (this.subscription) this.subscription.update(channel);
    else this.subscription = this.subscribe(channel);
  }

  private subscribe(channel: Parameters<Client["subscribe"]>[0]): Subscription {
    return this.client.subscribe(
      channel,
      {
        onVehicles: (message) => this.listener.onVehicles(message),
        // A centre off the earth's map, as at a pole: none are shown.
        onRefused: () => this.listener.onEnd(),
      },
      { maxRateHz: MAX_RATE_HZ },
    );
  }
}

function moved(a: Around, b: Around): boolean {
  const step = apartM([a.longitude, a.latitude], [b.longitude, b.latitude]);
  return step > STEP_M || a.vehicle_class !== b.vehicle_class;
}
