import { effect, untracked } from "@preact/signals";
import {
  type Client,
  CloseCode,
  type ConnectionState,
  type Event,
  type History,
  type Rest,
  restOf,
  type VehiclesMessage,
} from "../../sdk/index.ts";
import { Cells } from "../fleet/cells.ts";
import { isEverything, passes } from "../fleet/filter.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { RideBook } from "../fleet/ride-book.ts";
import type { VehicleMap } from "../map/map.ts";
import type { PageConfig } from "../service/config.ts";
import type { Identity } from "../service/identity.ts";
import type { Address, Past, Selection } from "./address.ts";
import { AddressBar } from "./address-bar.ts";
import { Meter } from "./charts/meter.ts";
import { exposeDebugHandle } from "./debug.ts";
import type { Drives } from "./drives.ts";
import { listen } from "./gestures.ts";
import type { Line } from "./line.ts";
import { PanelFeed } from "./panel-feed.ts";
import type { RideActions } from "./panels/ride-card.tsx";
import type { ReplayControls } from "./replay/panel.tsx";
import { Replay } from "./replay/replay.ts";
import { RideFeed } from "./ride-feed.ts";
import { type Hit, Search } from "./search.ts";
import { Selected } from "./selected.ts";
import { Sight } from "./sight.ts";
import * as state from "./state.ts";
import { errorWords } from "./words/index.ts";

/** A vehicle is brought out from below its card for so long, and so often, ms. */
const REVEAL_MS = 3_000;
const REVEAL_PERIOD_MS = 250;

/** Brings connection, map and panels together. */
export class Page {
  readonly search: Search;
  readonly replay: Replay;
  readonly meter = new Meter();
  private readonly client: Client;
  private readonly rest: Rest;
  private readonly sight: Sight;
  private readonly feed: RideFeed;
  private readonly panels: PanelFeed;
  private readonly details: Selected;
  private readonly identity: Identity;
  /** There is a session: requests may go out. */
  private admitted = () => {};
  /** What had the focus before the card was opened. */
  private before: Element | null = null;
  private revealing: ReturnType<typeof setInterval> | undefined;

  constructor(
    config: PageConfig,
    line: Line,
    private readonly fleet: Fleet,
    private readonly rides: RideBook,
    private readonly drives: Drives,
    private readonly view: VehicleMap,
    address: Address,
  ) {
    this.identity = line.identity;
    this.client = line.client;
    state.classes.value = [...(config.classes ?? [])].sort();
    const first = new Promise<void>((resolve) => {
      this.admitted = resolve;
    });
    // Before the first session nobody knows whether the token is a good one.
    this.rest = restOf(document.baseURI, async () => {
      await first;
      return this.identity.token;
    });
    this.feed = new RideFeed(rides, {
      get: (path) => this.rest.get(path),
      onCounts: (counts) => {
        state.rideCounts.value = counts;
      },
    });
    view.map.on("dragstart", () => clearInterval(this.revealing));
    line.onState = (connection) => this.connectionChanged(connection);
    line.onEvent = (event) => this.event(event);
    line.onLost = () => this.feed.lost();
    this.connectionChanged(this.client.state);
    const cells = new Cells();
    this.panels = new PanelFeed(fleet, cells, rides, drives, view, this.meter);
    this.sight = new Sight(this.client, view, fleet, cells, address.show, {
      onVehicles: (message) => this.vehicles(message),
      onShown: () => this.shownChanged(),
    });
    this.search = new Search(this.rest, errorWords);
    this.replay = new Replay(fleet, {
      bounds: () => view.bounds(),
      history: (query) => this.history(query),
      refresh: () => view.refresh(),
      explain: errorWords,
    });
    this.details = new Selected(this.rest, view, address.view ? address.selection?.id : undefined);
    rides.onChange = (id) => {
      fleet.touch(id);
      view.refresh();
    };
    rides.onRide = (ride) => this.details.ride(ride);
    fleet.onFix = (update) => {
      if (update.id === state.selectedId.value) this.details.moved(update);
    };
    exposeDebugHandle(fleet, drives, view, this.sight, cells, this.replay);
    this.follows();
    listen(this, view, {
      moved: () => {
        this.sight.moved();
        this.replay.moved();
      },
      rested: () => this.shownChanged(),
    });
    new AddressBar(view.map, address);
    if (address.past) this.playPast(address.past, false, address.momentMs ?? undefined);
  }

  /**
   * Opens the card of a vehicle or a ride; null closes it.
   *
   * @param enter the keyboard goes on in the card
   */
  select(chosen: Selection | null, enter = false): void {
    const opened = state.selection.value === null && chosen !== null;
    if (opened) this.before = document.activeElement;
    const same = chosen?.id === state.selection.value?.id;
    if (!same) this.follow(false);
    if (chosen?.kind !== "vehicle") state.trail.value = false;
    state.selection.value = chosen;
    this.panels.refresh();
    this.reveal();
    this.view.refresh();
    if (enter) requestAnimationFrame(() => document.querySelector<HTMLElement>(".card")?.focus());
    if (chosen === null && this.before instanceof HTMLElement) this.before.focus();
  }

  /** Brings the marked vehicle into sight: its card may be over it, which grows with what is heard. */
  private reveal(): void {
    clearInterval(this.revealing);
    const untilMs = performance.now() + REVEAL_MS;
    const look = () => {
      const vehicle = this.marked();
      if (!vehicle || performance.now() > untilMs) clearInterval(this.revealing);
      else if (!this.view.map.isMoving()) this.view.reveal(vehicle);
    };
    requestAnimationFrame(look);
    this.revealing = setInterval(look, REVEAL_PERIOD_MS);
  }

  /** Opens what was searched for, and goes there. */
  find({ kind, id, found }: Hit): void {
    this.select({ kind, id }, true);
    if (!("vehicle" in found) || state.replay.value) return;
    requestAnimationFrame(() => this.view.come(found.vehicle));
  }

  /** Keeps the marked vehicle in the middle of the map, or no more. */
  follow(on: boolean): void {
    const vehicle = on ? this.marked() : undefined;
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

  /** What an operator may do with a ride. */
  readonly rideActions: RideActions = {
    cancel: async (id, reason) => {
      this.rides.take(await this.client.cancelRide(id, reason || undefined));
    },
    reassign: async (id) => {
      this.rides.take(await this.client.reassignRide(id));
    },
    share: async (id) => {
      const { token } = await this.rest.share(id);
      return new URL(`s/${token}`, document.baseURI).href;
    },
  };

  readonly replayControls: ReplayControls = {
    askKept: () => this.askKept(),
    open: (past) => this.playPast(past, true),
    play: (playing) => this.replay.play(playing),
    seek: (atMs) => this.replay.seek(atMs),
    setSpeed: (speed) => this.replay.setSpeed(speed),
    again: () => this.replay.again(),
    close: () => this.playPresent(),
  };

  private playPast(past: Past, playing: boolean, atMs?: number): void {
    state.replayOpen.value = true;
    this.follow(false);
    if (!state.replay.value) {
      this.sight.pause();
      this.drives.past = this.replay;
    }
    this.replay.open(past, playing, state.replay.value?.speed, atMs);
    this.shownChanged();
  }

  private playPresent(): void {
    state.replayOpen.value = false;
    if (!state.replay.value) return;
    this.replay.close();
    this.drives.past = undefined;
    this.sight.resume();
    this.shownChanged();
  }

  /** Asks how far back positions are kept. */
  private async askKept(): Promise<void> {
    const to_ms = Math.round(this.client.serverNowMs()) - 10_000;
    const { lat, lng } = this.view.map.getCenter().wrap();
    const box = { south: lat, west: lng, north: lat + 1e-4, east: lng + 1e-4 };
    await this.history({ ...box, from_ms: to_ms - 1_000, to_ms });
  }

  private async history(query: Parameters<Rest["get"]>[1]): Promise<History> {
    const history = await this.rest.get<History>("v1/history", query);
    state.keptFromMs.value = history.kept_from_ms;
    return history;
  }

  private connectionChanged(connection: ConnectionState): void {
    state.connection.value = connection;
    state.nowMs.value = Date.now();
    this.followRides(connection);
    if (connection.kind === "live") {
      this.admitted();
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
    if (this.client.user?.role === "operator" && event.kind === "ride") this.rides.take(event);
  }

  private vehicles(message: VehiclesMessage): void {
    state.dataAtMs.value = Date.now();
    this.meter.heard(message, this.client.serverNowMs());
    this.fleet.apply(message, performance.now());
    this.view.layer.selected = this.marked();
    if (state.following.value && !this.marked()) this.follow(false);
    this.view.refresh();
    if (message.snapshot) this.panels.refresh();
  }

  /** Others are shown, or cells in their place. */
  private shownChanged(): void {
    this.view.layer.selected = this.marked();
    this.panels.refresh();
    this.panels.showCells();
    this.view.refresh();
  }

  private marked() {
    const id = state.selectedId.value;
    return id === null ? undefined : this.fleet.get(id);
  }

  private follows(): void {
    effect(() => {
      const filter = state.filter.value;
      // Of the past another ride is known.
      const { drives } = this;
      const all = isEverything(filter);
      this.view.layer.filter(
        all ? undefined : ({ update }) => !passes(filter, update, drives.of(update.id)),
      );
      untracked(() => this.shownChanged());
    });
    effect(() => {
      state.filter.value.vehicleClass;
      untracked(() => this.sight.filtered());
    });
    effect(() => {
      state.selectedId.value;
      untracked(() => {
        this.view.layer.selected = this.marked();
        this.view.refresh();
      });
    });
  }
}
