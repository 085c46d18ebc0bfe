import type { Client, DensityMessage, ServiceError, VehiclesMessage } from "../../sdk/index.ts";
import type { Cells } from "../fleet/cells.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { toViewport } from "../map/area.ts";
import type { VehicleMap } from "../map/map.ts";
import { Watch } from "../map/watch.ts";
import type { Show } from "./address.ts";
import { countsWanted, whatToShow } from "./city.ts";
import * as state from "./state.ts";
import { tell } from "./words/index.ts";

/** The numbers are waited for so long before the vehicles themselves are asked for, ms. */
const PATIENCE_MS = 2_500;

/**
 * What is watched of the service where the map is: the vehicles, or from far
 * the numbers in cells, or both until it is clear which to show.
 */
export class Sight {
  readonly vehicles: Watch;
  private readonly counts: Watch;
  private dotsRefused: ServiceError | null = null;
  private cellsRefused: ServiceError | null = null;
  private counting = false;
  private tiring: ReturnType<typeof setTimeout> | undefined;
  private paused = false;

  constructor(
    client: Client,
    private readonly view: VehicleMap,
    private readonly fleet: Fleet,
    private readonly cells: Cells,
    /** What the address asks for. */
    private readonly forced: Show | null,
    private readonly hear: { onVehicles(message: VehiclesMessage): void; onShown(): void },
  ) {
    const where = () => ({ bounds: view.bounds(), zoom: view.map.getZoom() });
    this.vehicles = new Watch(
      client,
      where,
      {
        onVehicles: (message) => {
          if (state.shown.value === "dots") hear.onVehicles(message);
        },
        onHeld: () => this.dots(null),
        onRefused: (error) => this.dots(error),
      },
      { paused: true },
    );
    this.counts = new Watch(
      client,
      where,
      {
        onDensity: (message) => this.density(message),
        onHeld: () => {
          this.cellsRefused = null;
        },
        onRefused: (error) => {
          this.cellsRefused = error;
          this.cells.clear();
          this.decide();
        },
      },
      {
        paused: true,
        channel: (area, zoom) => {
          const { vehicleClass } = state.filter.value;
          return {
            kind: "density",
            ...toViewport(area, zoom),
            ...(vehicleClass !== null && { vehicle_class: vehicleClass }),
          };
        },
      },
    );
    this.moved();
  }

  /** The map moved. */
  moved(): void {
    if (this.paused) return;
    this.count(countsWanted({ zoom: this.view.map.getZoom(), forced: this.forced }));
    this.decide();
    this.vehicles.moved();
    this.counts.moved();
  }

  /** Another class is asked for: the service counts by class. */
  filtered(): void {
    this.counts.renew();
  }

  /** Watches nothing: the map shows the past. */
  pause(): void {
    this.paused = true;
    this.count(false);
    this.vehicles.pause();
    this.dotsRefused = null;
    state.refusal.value = null;
    this.cells.clear();
    state.shown.value = "dots";
  }

  resume(): void {
    this.paused = false;
    state.shown.value = null;
    this.moved();
  }

  private count(wanted: boolean): void {
    if (wanted === this.counting) return;
    this.counting = wanted;
    clearTimeout(this.tiring);
    if (wanted) {
      this.cellsRefused = null;
      this.counts.resume();
      this.tiring = setTimeout(() => this.decide(true), PATIENCE_MS);
    } else {
      this.counts.pause();
      this.cells.clear();
    }
  }

  private density(message: DensityMessage): void {
    this.cells.apply(message);
    state.dataAtMs.value = Date.now();
    this.decide();
    this.hear.onShown();
  }

  private dots(refused: ServiceError | null): void {
    this.dotsRefused = refused;
    if (refused) this.fleet.clear();
    this.decide();
    this.hear.onShown();
  }

  /** @param tired the numbers do not come */
  private decide(tired = false): void {
    if (this.paused) return;
    const before = state.shown.value;
    const chosen = whatToShow({
      zoom: this.view.map.getZoom(),
      total: this.cells.total,
      dotsRefused: this.dotsRefused !== null,
      cellsRefused: this.cellsRefused !== null,
      forced: this.forced,
      shown: before,
    });
    const shown = chosen ?? (tired ? "dots" : null);
    state.shown.value = shown;
    if (shown === "dots") this.vehicles.resume();
    else this.vehicles.pause();
    if (shown !== "dots" && this.fleet.vehicles.length > 0) this.fleet.clear();
    // It was refused for an area that is not asked for any more.
    if (shown === "cells") this.dotsRefused = null;
    this.explain(shown);
    if (shown !== before) this.hear.onShown();
  }

  private explain(shown: Show | null): void {
    const error = shown === "cells" ? this.cellsRefused : shown === "dots" && this.dotsRefused;
    if (!error) state.refusal.value = null;
    else if (error.body.code === "area_too_large") {
      state.refusal.value = () => tell("area_too_large");
    } else state.refusal.value = () => tell("refused", { reason: error.message });
  }
}
