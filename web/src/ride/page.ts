import { computed, effect, signal } from "@preact/signals";
import {
  type Client,
  CloseCode,
  type ConnectionState,
  connect,
  type Event,
  type Rest,
  type Ride,
  restOf,
  ServiceError,
  type Subscription,
  type VehiclesMessage,
} from "../../sdk/index.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { isOver } from "../fleet/ride-book.ts";
import type { VehicleMap } from "../map/map.ts";
import { orNull, text } from "../service/checks.ts";
import { type PageConfig, socketUrl } from "../service/config.ts";
import { Identity } from "../service/identity.ts";
import { kept } from "../service/kept.ts";
import { Chat } from "../trip/chat.ts";
import { exposeTripHandle } from "../trip/debug.ts";
import { LiveTrip } from "../trip/live-trip.ts";
import { RideNow } from "../trip/ride-now.ts";
import { refusalWords } from "../trip/words/index.ts";
import { DriverChange } from "./driver-change.ts";
import { Estimator } from "./estimator.ts";
import { Links } from "./links.ts";
import { Near } from "./near.ts";
import { Planner } from "./planner.ts";
import * as state from "./state.ts";
import { Wish } from "./wish.ts";
import { title } from "./words/title.ts";

/** How often the line and the panels take what the map shows, ms. */
const TICK_MS = 250;

/** Brings connection, map, wish and ride together. */
export class Page {
  readonly wish = new Wish();
  readonly links = new Links();
  readonly drivers = new DriverChange();
  readonly rides: RideNow;
  readonly chat: Chat;
  readonly planner: Planner;
  readonly estimator: Estimator;
  readonly rest: Rest;
  private readonly client: Client;
  private readonly identity: Identity;
  private readonly near: Near;
  private readonly live: LiveTrip;
  /** Of the vehicle of the ride that is driven. */
  private ridden: { rideId: string; subscription: Subscription } | undefined;
  /** Whose track is shown. */
  private tracked: string | undefined;

  constructor(
    readonly config: PageConfig,
    private readonly fleet: Fleet,
    private readonly view: VehicleMap,
  ) {
    this.identity = new Identity("rider", config);
    this.rest = restOf(document.baseURI, () => this.identity.token || this.identity.fresh());
    this.rides = new RideNow({
      fetch: async () => (await this.rest.rides({ limit: 5 })).rides,
      nowMs: () => this.client.serverNowMs(),
      dismissed: kept("ride.dismissed", null, orNull(text)),
    });
    this.chat = new Chat({
      me: "rider",
      send: (id, body, idempotency_key) => this.client.sendChat(id, body, { idempotency_key }),
      read: (id, number) => this.client.readChat(id, number),
      load: (id) => this.rest.chat(id, { limit: 100 }),
    });
    this.estimator = new Estimator((question) => this.rest.estimate(question));
    this.planner = new Planner(config, view, this.wish, this.estimator);
    this.live = new LiveTrip(view, fleet, (ride) => this.rest.route(ride.ride_id));
    this.client = connect({
      url: socketUrl(),
      getToken: () => this.identity.fresh(),
      onState: (connection) => this.connectionChanged(connection),
      onEvent: (event) => this.event(event),
      onProgress: (progress) => this.rides.heard(progress),
      onLost: () => {
        void this.rides.refresh();
        void this.chat.reload();
      },
    });
    this.near = new Near(this.client, {
      onVehicles: (message) => this.vehicles(message),
      onEnd: () => this.clearVehicles(),
    });
    exposeTripHandle(view, fleet);
    this.listen();
    setInterval(() => this.tick(), TICK_MS);
  }

  /** Whether the page has to ask for a token, and why. */
  get tokenWanted() {
    return this.identity.wanted.value;
  }

  useToken(token: string): void {
    this.identity.use(token);
    this.client.retry();
  }

  retry(): void {
    this.client.retry();
  }

  /** Back to what matters on the map. */
  centre(): void {
    this.live.centre();
  }

  async request(): Promise<void> {
    const wish = this.wish.request();
    if (!wish) return;
    await this.act("request", async () => {
      try {
        this.rides.take(await this.client.requestRide(wish));
        this.wish.heard();
      } catch (error) {
        // Perhaps it was carried out, or there is one of another tab: the service knows.
        await this.rides.refresh();
        const carriedOut = !(error instanceof ServiceError) && this.rides.ride.peek();
        if (!carriedOut) throw error;
      }
    });
  }

  async cancel(ride: Ride): Promise<void> {
    await this.act("cancel", async () => {
      this.rides.take(await this.client.cancelRide(ride.ride_id));
    });
  }

  async share(ride: Ride): Promise<void> {
    await this.act("share", async () => {
      this.links.keep(ride.ride_id, await this.rest.share(ride.ride_id));
    });
  }

  async unshare(ride: Ride, token: string): Promise<void> {
    await this.act("share", async () => {
      await this.rest.unshare(ride.ride_id, token);
      this.links.forget();
    });
  }

  /** After the end of a ride. */
  newRide(trip: { pickup?: Ride["pickup"]; dropoff?: Ride["dropoff"] } = {}): void {
    this.rides.dismiss();
    this.wish.begin(trip);
  }

  private async act(
    kind: "request" | "cancel" | "share",
    work: () => Promise<void>,
  ): Promise<void> {
    if (state.busy.peek()) return;
    state.busy.value = kind;
    state.trouble.value = undefined;
    try {
      await work();
    } catch (error) {
      state.trouble.value = () => refusalWords(error);
    } finally {
      state.busy.value = undefined;
    }
  }

  private connectionChanged(connection: ConnectionState): void {
    state.connection.value = connection;
    this.tick();
    if (connection.kind === "live") {
      if (!this.rides.known.peek()) void this.rides.refresh();
      this.estimator.refresh();
    }
    if (connection.kind === "stopped" && connection.code === CloseCode.BadToken) {
      if (this.identity.refused()) this.client.retry();
    }
  }

  private event(event: Event): void {
    this.rides.event(event);
    this.chat.event(event);
    if (event.kind === "notice") state.near.value = { ride_id: event.ride_id, end: event.near };
  }

  private vehicles(message: VehiclesMessage): void {
    this.fleet.apply(message, performance.now());
    this.view.refresh();
    state.freeNear.value = this.fleet.vehicles.length;
  }

  private clearVehicles(): void {
    this.fleet.clear();
    this.view.refresh();
    state.freeNear.value = 0;
  }

  private listen(): void {
    const { map } = this.view;
    const centre = signal(map.getCenter());
    map.on("moveend", () => {
      centre.value = map.getCenter();
    });
    const { ride, known } = this.rides;
    effect(() => this.follow(ride.value));
    effect(() => this.chat.follow(ride.value));
    effect(() => {
      this.planner.active.value = known.value && ride.value === undefined;
    });
    const question = computed(() => {
      const [pickup, dropoff] = [this.wish.pickup.value, this.wish.dropoff.value];
      if (!this.planner.active.value || !pickup || !dropoff) return undefined;
      const vehicle_class = this.wish.vehicleClass.value;
      return { pickup, dropoff, ...(vehicle_class && { vehicle_class }) };
    });
    effect(() => this.estimator.want(question.value));
    effect(() => this.lookAround(ride.value, centre.value));
    effect(() => {
      document.title = title(ride.value, this.rides.eta.value, state.serviceNowMs.value);
    });
  }

  /** The vehicle, the line and the links of the ride as it is now. */
  private follow(ride: Ride | undefined): void {
    this.live.show(ride);
    this.drivers.follow(ride);
    const driven = ride?.driver && !isOver(ride) ? ride.ride_id : undefined;
    if (this.ridden && this.ridden.rideId !== driven) {
      this.ridden.subscription.close();
      this.ridden = undefined;
      this.clearVehicles();
      state.vehicle.value = undefined;
    }
    if (driven !== undefined && !this.ridden) {
      this.near.watch(undefined);
      const channel = { kind: "ride" as const, ride_id: driven };
      const subscription = this.client.subscribe(channel, (message) => this.vehicles(message));
      this.ridden = { rideId: driven, subscription };
    }
    if (ride && isOver(ride)) this.links.of(ride.ride_id, 0) && this.links.forget();
    if (ride?.state === "completed") void this.track(ride);
  }

  /** Free vehicles are of interest until there is a driver. */
  private lookAround(ride: Ride | undefined, centre: { lng: number; lat: number }): void {
    if (!this.rides.known.value || ride?.driver) return;
    if (ride && isOver(ride)) {
      this.near.watch(undefined);
      return;
    }
    const here = { longitude: centre.lng, latitude: centre.lat };
    const { longitude, latitude } = ride?.pickup ?? this.wish.pickup.value ?? here;
    const vehicle_class = ride ? ride.vehicle_class : this.wish.vehicleClass.value;
    this.near.watch({ longitude, latitude, vehicle_class });
  }

  private async track(ride: Ride): Promise<void> {
    if (this.tracked === ride.ride_id) return;
    this.tracked = ride.ride_id;
    const track = await this.rest.track(ride.ride_id).catch(() => undefined);
    const line = track?.geometry?.coordinates ?? [];
    this.live.showTrack(line);
    const ends = [ride.pickup, ride.dropoff].map(({ longitude, latitude }): [number, number] => [
      longitude,
      latitude,
    ]);
    if (this.rides.ride.peek()?.ride_id === ride.ride_id) this.view.fit([...ends, ...line]);
  }

  private tick(): void {
    const now = Date.now();
    if (Math.floor(now / 1_000) !== Math.floor(state.nowMs.peek() / 1_000)) {
      state.nowMs.value = now;
      state.serviceNowMs.value = this.client?.serverNowMs() ?? now;
    }
    if (this.rides.ride.peek()?.driver) state.vehicle.value = this.live.vehicle?.update;
    this.live.tick();
  }
}
