import type { DensityCell, DensityMessage } from "../../sdk/index.ts";
import type { Bounds } from "../map/area.ts";
import { type Filter, passing } from "./filter.ts";

/** A cell of H3 with the vehicles in it. */
export interface Cell {
  vehicles: number;
  silent: number;
  /** Drive a ride. */
  busy: number;
  /** Its corners, longitude first, not closed. */
  outline: [number, number][];
}

/** What the service counts in the area that is watched. */
export class Cells {
  /** Of all the area; null: not told yet. */
  total: number | null = null;
  private readonly byId = new Map<string, Cell>();

  apply(message: DensityMessage): void {
    if (message.snapshot) this.byId.clear();
    for (const id of message.left) this.byId.delete(id);
    for (const cell of message.cells) this.put(cell);
    this.total = message.vehicles;
  }

  clear(): void {
    this.byId.clear();
    this.total = null;
  }

  get size(): number {
    return this.byId.size;
  }

  /** Those whose middle is in the area, longitudes of which may run beyond ±180. */
  inside({ south, west, north, east }: Bounds): Cell[] {
    return [...this.byId.values()].filter(({ outline }) => {
      const [longitude, latitude] = middle(outline);
      const near = longitude + 360 * Math.round(((west + east) / 2 - longitude) / 360);
      return near >= west && near <= east && latitude >= south && latitude <= north;
    });
  }

  /** Those with somebody who passes the filter, and how many of them. */
  shown(filter: Filter): { id: string; count: number; cell: Cell }[] {
    return [...this.byId]
      .map(([id, cell]) => ({ id, cell, count: passing(filter, cell) }))
      .filter(({ count }) => count > 0);
  }

  /** The outline comes once, when the cell enters. */
  private put({ cell, vehicles, silent, busy, outline }: DensityCell): void {
    const corners = outline ?? this.byId.get(cell)?.outline;
    if (corners) this.byId.set(cell, { vehicles, silent, busy, outline: corners });
  }
}

/** Of the outline's corners, longitude first. */
export function middle(outline: [number, number][]): [number, number] {
  const mean = (axis: 0 | 1) =>
    outline.reduce((sum, corner) => sum + corner[axis], 0) / Math.max(1, outline.length);
  return [mean(0), mean(1)];
}
