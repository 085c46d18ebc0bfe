import { computed, effect, untracked } from "@preact/signals";
import {
  type History,
  type Rest,
  type Ride,
  ServiceError,
  type VehicleCard,
  type VehicleId,
  type VehicleUpdate,
} from "../../sdk/index.ts";
import { isOver } from "../fleet/ride-book.ts";
import type { VehicleMap } from "../map/map.ts";
import * as state from "./state.ts";
import { TRAIL_MS, Trail } from "./trail.ts";

/** What events and fixes do not tell of what is selected is asked for this often, ms. */
const PERIOD_MS = 5_000;

/** What the cards and the map show of the selected vehicle or ride, beside what events tell. */
export class Selected {
  private trail: Trail | null = null;
  /** What is under way is of use while this is the same. */
  private turn = 0;
  private lastId: string | undefined;
  /** The map is to go to it, once it is known where it is. */
  private going = false;

  constructor(
    private readonly rest: Rest,
    private readonly view: VehicleMap,
    /** Of this one the address says where the map is to be. */
    private placedId?: string,
  ) {
    // Computed: a replay says ten times a second how far it is, which is no reason to ask again.
    const past = computed(() => state.replay.value?.past ?? null);
    effect(() => {
      const chosen = state.selection.value;
      // The card of another moment is another card.
      const isPast = past.value !== null;
      untracked(() => this.choose(chosen, isPast));
    });
    effect(() => {
      const wanted = state.trail.value && state.selectedId.value;
      const isPast = past.value !== null;
      untracked(() => this.drawTrail(wanted || null, isPast));
    });
    setInterval(() => this.refresh(), PERIOD_MS);
  }

  /** A ride as an event tells it. */
  ride(ride: Ride): void {
    const chosen = state.selection.value;
    if (chosen?.kind === "ride" && chosen.id === ride.ride_id) this.takeRide(ride);
  }

  /** The vehicles moved. */
  moved(update: VehicleUpdate): void {
    const { trail } = this;
    // A replay that was sent to another moment.
    if (state.replay.value && trail && !trail.goesOnWith(update)) {
      void this.drawTrail(update.id, true);
      return;
    }
    if (trail?.add(update)) this.view.trail.show(trail.line);
  }

  private choose(chosen: typeof state.selection.value, past: boolean): void {
    this.turn += 1;
    state.vehicleCard.value = null;
    state.rideCard.value = chosen?.kind === "ride" ? {} : null;
    this.view.track.show([]);
    // The past and the present of one are looked at from the same place.
    this.going = chosen?.id !== this.lastId && chosen?.id !== this.placedId;
    this.lastId = chosen?.id;
    if (!chosen) return;
    this.placedId = undefined;
    if (chosen.kind === "vehicle") void this.fetchVehicle(chosen.id, past);
    else void this.fetchRide(chosen.id);
  }

  private refresh(): void {
    const chosen = state.selection.value;
    if (!chosen || document.hidden) return;
    const ride = state.rideCard.value?.ride;
    // What the map shows it shows better.
    if (chosen.kind === "vehicle" && !state.replay.value && !state.selected.value) {
      void this.fetchVehicle(chosen.id, false);
    }
    if (chosen.kind === "ride" && (!ride || !isOver(ride))) void this.fetchRide(chosen.id);
  }

  private async fetchVehicle(id: VehicleId, past: boolean): Promise<void> {
    const { turn } = this;
    const card = await this.ask(this.rest.get<VehicleCard>(`v1/vehicles/${enc(id)}`));
    if (turn !== this.turn || (past && card === "gone") || !card) return;
    // One that the map shows is there to be seen.
    const go = this.going && state.selected.value === null;
    this.going = false;
    state.vehicleCard.value = card;
    if (go && card !== "gone" && !past) this.view.come(card.vehicle);
  }

  private async fetchRide(id: string): Promise<void> {
    const { turn } = this;
    const ride = await this.ask(this.rest.ride(id));
    if (turn !== this.turn || !ride) return;
    if (ride === "gone") {
      state.rideCard.value = { gone: true };
      this.view.track.show([]);
      return;
    }
    this.takeRide(ride);
    const ends = [ride.pickup, ride.dropoff].map(({ longitude, latitude }): [number, number] => [
      longitude,
      latitude,
    ]);
    // When the card has its place, which may be over them.
    if (this.going) requestAnimationFrame(() => this.show(ends));
    this.going = false;
    const track = await this.ask(this.rest.track(id));
    if (turn !== this.turn || !track || track === "gone") return;
    this.view.track.show(track.geometry?.coordinates ?? []);
  }

  private show(places: [number, number][]): void {
    if (!places.every((place) => this.view.inSight(place))) this.view.fit(places);
  }

  private takeRide(ride: Ride): void {
    const known = state.rideCard.value?.ride;
    if (known && known.version > ride.version) return;
    state.rideCard.value = { ride };
  }

  private async drawTrail(id: VehicleId | null, past: boolean): Promise<void> {
    this.trail = null;
    this.view.trail.show([]);
    if (id === null) return;
    const trail = new Trail();
    this.trail = trail;
    const to_ms = Math.round(state.shownAtMs.value);
    const window = past ? { from_ms: to_ms - TRAIL_MS, to_ms } : {};
    const path = `v1/vehicles/${enc(id)}/trail`;
    const history = await this.ask(this.rest.get<History>(path, window));
    if (trail !== this.trail || !history || history === "gone") return;
    trail.begin(history);
    this.view.trail.show(trail.line);
  }

  /** Gone: there is no such thing. Nothing: it is not known now. */
  private async ask<T>(asked: Promise<T>): Promise<T | "gone" | undefined> {
    try {
      return await asked;
    } catch (error) {
      const refused = error instanceof ServiceError && !error.body.retryable;
      return refused ? "gone" : undefined;
    }
  }
}

const enc = encodeURIComponent;
