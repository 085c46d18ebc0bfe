import { signal } from "@preact/signals";
import type { Estimate, Place, VehicleClass } from "../../sdk/index.ts";

export interface Question {
  pickup: Place;
  dropoff: Place;
  vehicle_class?: VehicleClass;
}

/** After so long the vehicles are elsewhere, ms. */
const FRESH_MS = 20_000;
/** A hand that drags a pin asks for one estimate, not for each step, ms. */
const DEBOUNCE_MS = 250;

export type Estimated =
  | { kind: "none" }
  | { kind: "asking" }
  | { kind: "failed" }
  | { kind: "known"; estimate: Estimate; atMs: number };

/** What the wished ride would be like; asked for anew while somebody looks. */
export class Estimator {
  readonly answer = signal<Estimated>({ kind: "none" });
  private question: Question | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (question: Question) => Promise<Estimate>) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.question) this.soon(0);
    });
  }

  /** Nothing: no estimate is wanted. */
  want(question: Question | undefined): void {
    this.question = question;
    clearTimeout(this.timer);
    this.answer.value = { kind: question ? "asking" : "none" };
    if (question) this.soon(DEBOUNCE_MS);
  }

  /** The connection is back, or the person asks. */
  refresh(): void {
    if (this.question) this.soon(0);
  }

  private soon(waitMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), waitMs);
  }

  private async look(): Promise<void> {
    const { question } = this;
    if (!question || document.hidden) return;
    try {
      const estimate = await this.ask(question);
      if (question !== this.question) return;
      this.answer.value = { kind: "known", estimate, atMs: Date.now() };
    } catch {
      if (question !== this.question) return;
      // The one before stays, and tells its age.
      if (this.answer.peek().kind !== "known") this.answer.value = { kind: "failed" };
    }
    this.soon(FRESH_MS);
  }
}
