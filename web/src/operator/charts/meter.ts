import { signal } from "@preact/signals";
import type { VehiclesMessage } from "../../../sdk/index.ts";
import type { Doing } from "../../fleet/filter.ts";
import { Delays, Samples } from "./samples.ts";

/** Counts up with every sample: the charts follow it. */
export const sampled = signal(0);

/** Measures what comes, for the charts. */
export class Meter {
  readonly samples = new Samples();
  private readonly delays = new Delays();
  private fixes = 0;
  private atMs = 0;

  /** Vehicles came. What a snapshot brings was on its way for as long as it is old. */
  heard(message: VehiclesMessage, serviceNowMs: number): void {
    if (message.snapshot) return;
    for (const { timestamp_ms, state } of message.vehicles) {
      if (state === "online") this.delays.add(serviceNowMs - timestamp_ms);
    }
  }

  /** @param fixes all that came so far; null: none are watched */
  sample(atMs: number, doings: Record<Doing, number>, fixes: number | null): void {
    const seconds = (atMs - this.atMs) / 1000;
    const rate = fixes === null || seconds > 5 ? null : Math.max(0, fixes - this.fixes) / seconds;
    this.samples.push({ atMs, doings, rate, ...this.delays.take() });
    this.fixes = fixes ?? this.fixes;
    this.atMs = atMs;
    sampled.value += 1;
  }
}
