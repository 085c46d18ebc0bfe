import { effect } from "@preact/signals";
import {
  type Client,
  CloseCode,
  type ConnectionState,
  connect,
  type Event,
  type ServiceError,
  type VehicleId,
  type VehiclesMessage,
} from "../../sdk/index.ts";
import { drawnAt } from "../../sdk/motion.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import type { RideBook } from "../fleet/ride-book.ts";
import { AGES_MAX } from "../map/ages.ts";
import type { VehicleMap } from "../map/map.ts";
import { Watch } from "../map/watch.ts";
import { type PageConfig, socketUrl } from "../service/config.ts";
import { Identity } from "../service/identity.ts";
import { get } from "../service/rest.ts";
import { theme } from "../ui/theme.ts";
import { duration, say } from "../words/index.ts";
import { exposeDebugHandle } from "./debug.ts";
import { RideFeed } from "./ride-feed.ts";
import * as state from "./state.ts";
import { tell } from "./words/index.ts";

/** How often the panels take what the map shows, ms. */
const PANEL_PERIOD_MS = 500;
/** The rate of updates is that of the last so many periods. */
const RATE_PERIODS = 6;
/** The shortest silence worth telling, and that in paces of a vehicle. */
const SILENCE_MIN_MS = 10_000;
const SILENCE_PACES = 3;

/** Brings connection, map and panels together. */
export class Page {
  private readonly client: Client;
  private readonly watch: Watch;
  private readonly feed: RideFeed;
  private readonly identity: Identity;
  /** `Fleet.fixes` at the ends of the last periods, with their times. */
  private readonly fixes: { atMs: number; count: number }[] = [];
  /** What had the focus before the card was opened. */
  private before: Element | null = null;

  constructor(
    config: PageConfig,
    private readonly fleet: Fleet,
    private readonly rides: RideBook,
    private readonly view: VehicleMap,
  ) {
    this.identity = new Identity("operator", config);
    this.feed = new RideFeed(rides, {
      get: (path) => get(path, this.identity.token),
      onCounts: (counts) => {
        state.rideCounts.value = counts;
      },
    });
    rides.onChange = (id) => {
      fleet.touch(id);
      view.refresh();
    };
    this.client = connect({
      url: socketUrl(),
      getToken: () => this.identity.fresh(),
      onState: (connection) => this.connectionChanged(connection),
      onEvent: (event) => this.event(event),
      onLost: () => this.feed.lost(),
    });
    this.watch = new Watch(
      this.client,
      () => ({ bounds: view.bounds(), zoom: view.map.getZoom() }),
      {
        onVehicles: (message) => this.vehicles(message),
        onHeld: () => {
          state.refusal.value = null;
        },
        onRefused: (error) => this.refused(error),
      },
    );
    exposeDebugHandle(fleet, rides, view, this.watch);
    this.listenToMap();
    this.listenToPerson();
    effect(() => view.setTheme(theme.value));
    setInterval(() => this.refreshPanels(), PANEL_PERIOD_MS);
  }

  /** Opens a vehicle's card; null closes it. */
  select(id: VehicleId | null): void {
    const opened = state.selectedId.value === null && id !== null;
    if (opened) this.before = document.activeElement;
    if (id !== state.selectedId.value) this.follow(false);
    state.selectedId.value = id;
    this.view.layer.selected = this.selected();
    const vehicle = this.selected();
    // When the card has its place, which may be over the vehicle.
    if (vehicle) requestAnimationFrame(() => this.view.reveal(vehicle));
    this.view.refresh();
    this.refreshPanels();
    if (id === null && this.before instanceof HTMLElement) this.before.focus();
  }

  /** Keeps the selected vehicle in the middle of the map, or no more. */
  follow(on: boolean): void {
    const vehicle = on ? this.selected() : undefined;
    state.following.value = vehicle !== undefined;
    this.view.follow(vehicle);
  }

  /** Connects with a token that the person gave. */
  useToken(token: string): void {
    this.identity.use(token);
    this.client.retry();
  }

  /** Whether the page has to ask for a token, and why. */
  get tokenWanted() {
    return this.identity.wanted.value;
  }

  /** After the service told it not to come back. */
  retry(): void {
    this.client.retry();
  }

  private connectionChanged(connection: ConnectionState): void {
    state.connection.value = connection;
    state.nowMs.value = Date.now();
    this.followRides(connection);
    if (connection.kind === "live") {
      state.clockOffsetMs.value = connection.welcome.server_time_ms - Date.now();
    }
    if (connection.kind === "stopped" && connection.code === CloseCode.BadToken) {
      if (this.identity.refused()) this.client.retry();
    }
  }

  private followRides(connection: ConnectionState): void {
    if (connection.kind !== "live") this.feed.pause();
    else if (connection.welcome.role === "operator") this.feed.begin();
    else this.feed.end();
  }

  private event(event: Event): void {
    // The inbox of all operators; others are told of their own rides only, which are no part of this page.
    const { connection } = state;
    const operator =
      connection.value.kind === "live" && connection.value.welcome.role === "operator";
    if (operator && event.kind === "ride") this.rides.take(event);
  }

  private vehicles(message: VehiclesMessage): void {
    state.dataAtMs.value = Date.now();
    this.fleet.apply(message, performance.now());
    this.view.layer.selected = this.selected();
    if (state.following.value && !this.selected()) this.follow(false);
    this.view.refresh();
    if (message.snapshot) this.refreshPanels();
  }

  private refused(error: ServiceError): void {
    this.fleet.clear();
    this.view.layer.selected = undefined;
    this.view.refresh();
    this.refreshPanels();
    state.refusal.value =
      error.body.code === "area_too_large"
        ? () => tell("area_too_large")
        : () => tell("refused", { reason: error.message });
  }

  private selected(): Vehicle | undefined {
    const id = state.selectedId.value;
    return id === null ? undefined : this.fleet.get(id);
  }

  private listenToMap(): void {
    const { map } = this.view;
    map.on("error", ({ error }) => {
      console.error(error);
      state.mapTrouble.value = () => say("no_base_map");
    });
    map.on("move", () => this.watch.moved());
    map.on("resize", () => this.watch.moved());
    map.on("moveend", () => {
      if (!state.following.value) this.refreshPanels();
    });
    map.on("dragstart", () => this.follow(false));
    map.on("click", (event) => this.select(this.view.at(event.point)?.update.id ?? null));
    map.on("mousemove", (event) => {
      map.getCanvas().style.cursor = this.view.at(event.point) ? "pointer" : "";
    });
  }

  private listenToPerson(): void {
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && state.selectedId.value !== null) this.select(null);
      // The map pans by the arrow keys.
      const pans = event.key.startsWith("Arrow") && event.target === this.view.map.getCanvas();
      if (pans) this.follow(false);
    });
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const apply = () => {
      this.fleet.glide = !calm.matches;
    };
    calm.addEventListener("change", apply);
    apply();
  }

  private refreshPanels(): void {
    const now = performance.now();
    const paceMs = this.fleet.paceMs ?? 0;
    const seen = (vehicle: Vehicle): state.Seen => ({
      update: vehicle.update,
      stale: drawnAt(vehicle.motion, now).faded > 0,
      ride: this.rides.of(vehicle.update.id),
    });
    const visible = this.view.visible();
    state.inView.value = visible.length;
    if (state.listOpen.value) {
      visible.sort((a, b) => (a.update.id < b.update.id ? -1 : 1));
      state.rows.value = visible.slice(0, state.ROWS_MAX).map(seen);
    }
    this.showAges(visible, now);
    const selected = this.selected();
    state.selected.value = selected ? seen(selected) : null;
    this.view.showTrip(state.selected.value?.ride);
    state.silenceMs.value =
      this.fleet.vehicles.length > 0
        ? Math.max(SILENCE_MIN_MS, SILENCE_PACES * paceMs)
        : Number.POSITIVE_INFINITY;
    state.updatesPerSecond.value = this.rate(now);
    state.nowMs.value = Date.now();
  }

  private showAges(visible: Vehicle[], nowMs: number): void {
    const old = visible.filter(
      ({ motion, update }) => update.state === "silent" || drawnAt(motion, nowMs).faded > 0.5,
    );
    const ages = old.slice(0, AGES_MAX).map((vehicle) => {
      const [longitude, latitude] = this.view.place(vehicle, nowMs);
      const text = duration(state.serviceNowMs.value - vehicle.update.timestamp_ms);
      return { longitude, latitude, text };
    });
    this.view.showAges(ages);
  }

  private rate(nowMs: number): number {
    this.fixes.push({ atMs: nowMs, count: this.fleet.fixes });
    const oldest = nowMs - RATE_PERIODS * PANEL_PERIOD_MS;
    while (this.fixes.length > 2 && (this.fixes[0]?.atMs ?? 0) < oldest) this.fixes.shift();
    const first = this.fixes[0];
    if (!first || nowMs - first.atMs < PANEL_PERIOD_MS) return 0;
    return Math.round(((this.fleet.fixes - first.count) * 1000) / (nowMs - first.atMs));
  }
}
