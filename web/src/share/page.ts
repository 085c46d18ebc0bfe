import { effect, signal } from "@preact/signals";
import {
  type Ride,
  type Route,
  type SharedRide,
  type VehicleUpdate,
  watchShare,
} from "../../sdk/index.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { isOver } from "../fleet/ride-book.ts";
import type { VehicleMap } from "../map/map.ts";
import { exposeTripHandle } from "../trip/debug.ts";
import { LiveTrip } from "../trip/live-trip.ts";
import { RideNow } from "../trip/ride-now.ts";

const TICK_MS = 250;
/** An answer that takes longer does not come: the line is dead. */
const ANSWER_MS = 10_000;

/** Where the trip stands for who looks on. */
export type Watching = "connecting" | "live" | "waiting" | "ended" | "unknown";

/** Brings a shared trip, which comes without a login, and the map together. */
export class Page {
  readonly rides = new RideNow({ fetch: async () => [], nowMs: Date.now });
  readonly watching = signal<Watching>("connecting");
  readonly vehicle = signal<VehicleUpdate | undefined>(undefined);
  /** By the service's clock, every second. */
  readonly nowMs = signal(Date.now());
  private readonly live: LiveTrip;
  /** The service's clock less our own, ms. */
  private offsetMs = 0;

  /** @param token of the link */
  constructor(
    private readonly fleet: Fleet,
    private readonly view: VehicleMap,
    private readonly token: string,
  ) {
    this.live = new LiveTrip(view, fleet, () => this.get<Route>("/route"));
    exposeTripHandle(view, fleet);
    watchShare(document.baseURI, token, {
      onRide: (ride) => this.rides.take(ride),
      onVehicle: (vehicle) => this.moved(vehicle),
      onProgress: (progress) => this.rides.heard(progress),
      onState: (state) => this.entered(state),
    });
    effect(() => this.follow(this.rides.ride.value, this.watching.value));
    setInterval(() => this.tick(), TICK_MS);
  }

  /** Back to what matters on the map. */
  centre(): void {
    this.live.centre();
  }

  private entered(state: Exclude<Watching, "unknown">): void {
    const known = this.rides.ride.peek() !== undefined;
    this.watching.value = state === "ended" && !known ? "unknown" : state;
    if (state === "live") void this.setClock();
  }

  /** The stream does not say what time it is, and the estimates count by the service's clock. */
  private async setClock(): Promise<void> {
    const shared = await this.get<SharedRide>("").catch(() => undefined);
    // After the end nothing is shown any more, whatever was under way.
    if (!shared || this.watching.peek() === "ended") return;
    this.offsetMs = shared.server_time_ms - Date.now();
    this.rides.take(shared.ride);
    if (shared.eta) this.rides.heard({ ride_id: shared.ride.ride_id, eta: shared.eta });
    if (shared.vehicle) this.moved(shared.vehicle);
  }

  private moved(update: VehicleUpdate): void {
    const message = { subscription: "share", snapshot: false, vehicles: [update], left: [] };
    this.fleet.apply(message, performance.now());
    this.view.refresh();
  }

  private follow(ride: Ride | undefined, watching: Watching): void {
    const over = watching === "ended" || (ride && isOver(ride));
    // Where the people are after their ride is nobody's business.
    this.live.show(over ? undefined : ride);
    const driver = over ? undefined : ride?.driver?.id;
    const others = this.fleet.vehicles.map(({ update }) => update.id).filter((id) => id !== driver);
    if (others.length === 0) return;
    const message = { subscription: "share", snapshot: false, vehicles: [], left: others };
    this.fleet.apply(message, performance.now());
    this.view.refresh();
  }

  private tick(): void {
    const now = Date.now() + this.offsetMs;
    if (Math.floor(now / 1_000) !== Math.floor(this.nowMs.peek() / 1_000)) this.nowMs.value = now;
    this.vehicle.value = this.live.vehicle?.update;
    this.live.tick();
  }

  private async get<T>(what: string): Promise<T> {
    const path = `v1/share/${encodeURIComponent(this.token)}${what}`;
    const response = await fetch(new URL(path, document.baseURI), {
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    // Without the path: whoever reads the console is not to have the link.
    if (!response.ok) throw new Error(`shared trip: ${response.status}`);
    return response.json();
  }
}
