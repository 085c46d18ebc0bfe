import type { Ride } from "../../sdk/index.ts";
import { drawnAt } from "../../sdk/motion.ts";
import type { Cell, Cells } from "../fleet/cells.ts";
import { type Doing, doingOf, passes, passing } from "../fleet/filter.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import type { RideBook } from "../fleet/ride-book.ts";
import { AGES_MAX } from "../map/ages.ts";
import type { VehicleMap } from "../map/map.ts";
import { duration } from "../words/index.ts";
import type { Meter } from "./charts/meter.ts";
import type { Drives } from "./drives.ts";
import * as state from "./state.ts";

/** How often the panels take what the map shows, ms. */
const PERIOD_MS = 500;
/** The rate of updates is that of the last so many periods. */
const RATE_PERIODS = 6;
/** The shortest silence worth telling, and that in paces of a vehicle. */
const SILENCE_MIN_MS = 10_000;
const SILENCE_PACES = 3;
/** More classes than anybody chooses from. */
const CLASSES_MAX = 30;

/** Brings to the panels what the map shows. */
export class PanelFeed {
  /** `Fleet.fixes` at the ends of the last periods, with their times. */
  private readonly fixes: { atMs: number; count: number }[] = [];
  private periods = 0;

  constructor(
    private readonly fleet: Fleet,
    private readonly cells: Cells,
    private readonly rides: RideBook,
    private readonly drives: Drives,
    private readonly view: VehicleMap,
    private readonly meter: Meter,
  ) {
    setInterval(() => {
      this.refresh();
      this.periods += 1;
      if (this.periods % 2 === 0) this.measure();
    }, PERIOD_MS);
  }

  refresh(): void {
    const now = performance.now();
    if (state.shown.value === "cells") this.countCells();
    else this.countVehicles(now);
    this.listRides();
    const id = state.selectedId.value;
    const vehicle = id === null ? undefined : this.fleet.get(id);
    state.selected.value = vehicle ? this.seen(vehicle, now) : null;
    this.view.showTrip(this.rideOnMap());
    const paceMs = this.fleet.paceMs ?? 0;
    const expected = state.shown.value === "cells" || this.fleet.vehicles.length > 0;
    state.silenceMs.value =
      expected && !state.replay.value
        ? Math.max(SILENCE_MIN_MS, SILENCE_PACES * paceMs)
        : Number.POSITIVE_INFINITY;
    state.updatesPerSecond.value = this.rate(now);
    state.nowMs.value = Date.now();
  }

  /** The cells as the filter has them, on the map. */
  showCells(): void {
    const shown = state.shown.value === "cells" ? this.cells.shown(state.filter.value) : null;
    this.view.cells.show(shown);
    if (shown) state.cellSteps.value = this.view.cells.steps;
  }

  private seen(vehicle: Vehicle, nowMs: number): state.Seen {
    const { id } = vehicle.update;
    return {
      update: vehicle.update,
      atMs: state.shownAtMs.value,
      stale: drawnAt(vehicle.motion, nowMs).faded > 0,
      onRide: this.drives.of(id),
      ride: state.replay.value ? undefined : this.rides.of(id),
    };
  }

  /** The selected ride's ends, or those of the selected vehicle's ride of now. */
  private rideOnMap(): Ride | undefined {
    if (state.selection.value?.kind === "ride") return state.rideCard.value?.ride;
    if (state.replay.value) return undefined;
    const card = state.vehicleCard.value;
    return (
      state.selected.value?.ride ?? (card && card !== "gone" ? this.known(card.ride) : undefined)
    );
  }

  /** What was asked for may be over since. */
  private known(ride: Ride | undefined): Ride | undefined {
    return ride && this.rides.get(ride.ride_id);
  }

  private countVehicles(nowMs: number): void {
    const filter = state.filter.value;
    const all = this.view.visible();
    this.learnClasses(all);
    const counts: Record<Doing, number> = { free: 0, ride: 0, silent: 0 };
    const visible: Vehicle[] = [];
    for (const vehicle of all) {
      const { update } = vehicle;
      const onRide = this.drives.of(update.id);
      if (filter.vehicleClass === null || filter.vehicleClass === update.class) {
        counts[doingOf(update.state, onRide)] += 1;
      }
      if (passes(filter, update, onRide)) visible.push(vehicle);
    }
    state.doings.value = counts;
    state.inView.value = visible.length;
    this.showAges(visible, nowMs);
    if (!state.listOpen.value || state.tab.value !== "vehicles") return;
    visible.sort((a, b) => (a.update.id < b.update.id ? -1 : 1));
    const first = visible.slice(0, state.ROWS_MAX);
    state.rows.value = first.map((vehicle) => this.seen(vehicle, nowMs));
  }

  private countCells(): void {
    const cells = this.cells.inside(this.view.bounds());
    const sum = (count: (cell: Cell) => number) =>
      cells.reduce((all, cell) => all + count(cell), 0);
    const of = (doing: Doing) =>
      sum((cell) => passing({ doings: [doing], vehicleClass: null }, cell));
    state.doings.value = { free: of("free"), ride: of("ride"), silent: of("silent") };
    state.inView.value = sum((cell) => passing(state.filter.value, cell));
    state.rows.value = [];
    this.view.showAges([]);
  }

  private listRides(): void {
    const open = this.rides.rides();
    state.openRides.value = open.length;
    if (!state.listOpen.value || state.tab.value !== "rides") return;
    const waits = ({ state }: Ride) => (state === "requested" || state === "offered" ? 0 : 1);
    open.sort((a, b) => waits(a) - waits(b) || b.requested_at_ms - a.requested_at_ms);
    state.rideRows.value = open.slice(0, state.ROWS_MAX);
  }

  private learnClasses(vehicles: Vehicle[]): void {
    const known = new Set(state.classes.value);
    for (const { update } of vehicles) if (known.size < CLASSES_MAX) known.add(update.class);
    if (known.size > state.classes.value.length) state.classes.value = [...known].sort();
  }

  private showAges(visible: Vehicle[], nowMs: number): void {
    const old = visible.filter(
      ({ motion, update }) => update.state === "silent" || drawnAt(motion, nowMs).faded > 0.5,
    );
    const ages = old.slice(0, AGES_MAX).map((vehicle) => {
      const [longitude, latitude] = this.view.place(vehicle, nowMs);
      const text = duration(state.shownAtMs.value - vehicle.update.timestamp_ms);
      return { longitude, latitude, text };
    });
    this.view.showAges(ages);
  }

  private measure(): void {
    if (state.replay.value || state.dataAtMs.value === null) return;
    const live = state.connection.value.kind === "live" && state.shown.value === "dots";
    this.meter.sample(Date.now(), state.doings.value, live ? this.fleet.fixes : null);
  }

  private rate(nowMs: number): number {
    this.fixes.push({ atMs: nowMs, count: this.fleet.fixes });
    const oldest = nowMs - RATE_PERIODS * PERIOD_MS;
    while (this.fixes.length > 2 && (this.fixes[0]?.atMs ?? 0) < oldest) this.fixes.shift();
    const first = this.fixes[0];
    if (!first || nowMs - first.atMs < PERIOD_MS) return 0;
    return Math.round(((this.fleet.fixes - first.count) * 1000) / (nowMs - first.atMs));
  }
}
