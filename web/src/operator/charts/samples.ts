// The last minutes in numbers, one sample a second. Pure.
import type { Doing } from "../../fleet/filter.ts";

/** Samples that are kept: five minutes. */
const KEPT = 300;
/** More delays of one second than these say nothing more. */
const DELAYS_MAX = 5_000;

export interface Sample {
  atMs: number;
  /** Vehicles in view, or in the cells. */
  doings: Record<Doing, number>;
  /** Positions in a second; null: none are watched. */
  rate: number | null;
  /** From the fix to its arrival here, by the service's clock, ms; null: none came. */
  median: number | null;
  p95: number | null;
}

/** The delays of one second. */
export class Delays {
  private delays: number[] = [];

  add(delayMs: number): void {
    // A vehicle's clock may be ahead of the service's.
    if (this.delays.length < DELAYS_MAX) this.delays.push(Math.max(0, delayMs));
  }

  /** What came since it was asked last. */
  take(): { median: number | null; p95: number | null } {
    const sorted = this.delays.sort((a, b) => a - b);
    this.delays = [];
    return { median: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
  }
}

/** By the nearest rank, of a sorted list. */
export function percentile(sorted: number[], part: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? null;
}

export class Samples {
  readonly all: Sample[] = [];

  push(sample: Sample): void {
    this.all.push(sample);
    if (this.all.length > KEPT) this.all.shift();
  }

  get last(): Sample | undefined {
    return this.all.at(-1);
  }

  /** A column for each line of a chart, the time in seconds first. */
  columns(...lines: ((sample: Sample) => number | null)[]): (number | null)[][] {
    return [
      this.all.map(({ atMs }) => atMs / 1000),
      ...lines.map((line) => this.all.map((sample) => line(sample))),
    ];
  }
}
