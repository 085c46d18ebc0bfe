import type { DensityCell, DensityMessage } from "../../sdk/index.ts";
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

  /** Those with somebody who passes the filter, and how many of them. */
  shown(filter: Filter): { id: string; count: number; cell: Cell }[] {
    return [...this.byId]
      .map(([id, cell]) => ({ id, cell, count: passing(filter, cell) }))
      .filter(({ count }) => count > 0);
  }

  /** By what they do, over all cells. */
  sums(): { vehicles: number; silent: number; busy: number } {
    const sums = { vehicles: 0, silent: 0, busy: 0 };
    for (const cell of this.byId.values()) {
      sums.vehicles += cell.vehicles;
      sums.silent += cell.silent;
      sums.busy += cell.busy;
    }
    return sums;
  }

  /** The outline comes once, when the cell enters. */
  private put({ cell, vehicles, silent, busy, outline }: DensityCell): void {
    const corners = outline ?? this.byId.get(cell)?.outline;
    if (corners) this.byId.set(cell, { vehicles, silent, busy, outline: corners });
  }
}
