import { effect } from "@preact/signals";
import {
  type Client,
  CloseCode,
  type ConnectionState,
  connect,
  type Event,
  type Notice,
  type Resume,
  type Ride,
  restOf,
  type VehicleInfo,
  type Welcome,
} from "../../sdk/index.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { number, orNull, record, text } from "../service/checks.ts";
import type { PageConfig } from "../service/config.ts";
import { socketUrl } from "../service/config.ts";
import { Identity } from "../service/identity.ts";
import { kept } from "../service/kept.ts";
import { Bell } from "./bell.ts";
import { Journey } from "./journey.ts";
import { Offers } from "./offers.ts";
import { Shift } from "./shift.ts";
import { titleWords } from "./standing.ts";
import * as state from "./state.ts";
import { Steps } from "./steps.ts";
import type { DriverView } from "./view.ts";
import { tell } from "./words/index.ts";

/** How often time passes while an offer runs, and otherwise, ms. */
const OFFER_TICK_MS = 250;
const TICK_MS = 1_000;

/** Brings connection, map, positions and panels together. */
export class Drive {
  readonly offers: Offers;
  readonly steps: Steps;
  readonly journey: Journey;
  private readonly client: Client;
  private readonly identity: Identity;
  private readonly shift: Shift;

  constructor(
    config: PageConfig,
    private readonly view: DriverView,
    fleet: Fleet,
  ) {
    state.classes.value = config.classes ?? [];
    this.identity = new Identity("driver", config);
    this.client = connect({
      url: socketUrl(),
      getToken: () => this.identity.fresh(),
      place: inboxPlace(),
      onState: (connection) => this.connectionChanged(connection),
      onEvent: (event, atMs) => this.event(event, atMs),
      onLost: () => void this.journey.refresh(),
      onProgress: (progress) => this.journey.now.heard(progress),
    });
    this.shift = new Shift(this.client, view);
    const rest = restOf(new URL(".", document.baseURI).href, () => this.identity.token);
    this.journey = new Journey(this.client, rest, view, this.shift.simulator, fleet);
    const onRide = (ride: Ride) => this.journey.take(ride);
    this.offers = new Offers(this.client, new Bell(), onRide);
    this.steps = new Steps(this.client, onRide);
    this.listenToMap();
    this.tick();
    if (state.online.value) this.shift.begin();
  }

  get token(): string {
    return this.identity.token;
  }

  /** Whether the page has to ask for a token, and why. */
  get tokenWanted() {
    return this.identity.wanted.value;
  }

  useToken(token: string): void {
    this.identity.use(token);
    this.client.retry();
  }

  /** Also after another device took over. */
  retry(): void {
    this.client.retry();
  }

  useVehicle(info: VehicleInfo): void {
    state.vehicle.value = info;
    this.shift.change();
  }

  setOnline(on: boolean): void {
    state.online.value = on;
    if (on) this.shift.begin();
    else this.shift.end();
  }

  /** Looks for the position once more. */
  tryAgain(): void {
    this.shift.listen();
  }

  /** Goes on with a made-up vehicle. */
  simulate(): void {
    state.source.value = "simulated";
    this.shift.listen();
  }

  /** The driver has seen what became of the ride. */
  seen(): void {
    if (state.lost.value) state.lost.value = null;
    else this.journey.now.dismiss();
  }

  private connectionChanged(connection: ConnectionState): void {
    state.connection.value = connection;
    state.nowMs.value = Date.now();
    state.clockOffsetMs.value = this.client.serverNowMs() - Date.now();
    if (connection.kind === "live") this.welcomed(connection.welcome);
    if (connection.kind === "stopped") this.stopped(connection.code);
  }

  private welcomed({ role, user }: Welcome): void {
    if (role !== "driver") {
      state.word.value = () => tell("no_driver");
      this.client.close();
      this.shift.end();
      if (this.identity.refused()) this.client.retry();
      return;
    }
    this.view.name(user);
    state.replaced.value = false;
    // After another device, or another person, had the connection.
    if (state.online.value) this.shift.begin();
    // What happened before this session; what happens from now on comes as an event.
    if (!this.journey.now.known.peek()) void this.journey.refresh();
  }

  private stopped(code: number): void {
    if (code === CloseCode.Replaced) {
      state.replaced.value = true;
      this.offers.clear();
      this.shift.pause();
    }
    if (code === CloseCode.BadToken && this.identity.refused()) this.client.retry();
  }

  private event(event: Event, atMs: number): void {
    if (event.kind === "offer") this.offers.event(event, atMs);
    else if (event.kind === "notice") this.near(event);
    else this.journey.event(event);
  }

  private near({ near, ride_id }: Notice): void {
    const now = state.ride.peek();
    if (ride_id !== now?.ride_id) return;
    state.word.value = () => {
      const { value } = state.ride;
      return value?.ride_id === ride_id && value.state === now.state ? tell(`near_${near}`) : "";
    };
  }

  private tick(): void {
    state.nowMs.value = Date.now();
    this.offers.tick();
    this.journey.tick();
    setTimeout(() => this.tick(), state.offered.value ? OFFER_TICK_MS : TICK_MS);
  }

  private listenToMap(): void {
    const { map } = this.view.view;
    map.on("click", ({ lngLat }) => {
      if (state.source.value !== "simulated" || state.online.value) return;
      const { lat, lng } = lngLat.wrap();
      this.shift.put({ latitude: lat, longitude: lng });
    });
    effect(() => {
      document.title = `${titleWords()} · ridecast`;
    });
  }
}

/** The place in the inbox, over loads of the page. */
function inboxPlace() {
  const place = kept("drive.place", null, orNull(record<Resume>({ epoch: text, offset: number })));
  return {
    load: () => place.peek() ?? undefined,
    save: (next: Resume) => {
      place.value = next;
    },
  };
}
