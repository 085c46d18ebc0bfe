import { signal } from "@preact/signals";
import type { Found, Rest } from "../../sdk/index.ts";
import type { Selection } from "./address.ts";
import type { Words } from "./state.ts";

/** Typing goes on so fast, ms. */
const PAUSE_MS = 200;
const LIMIT = 8;

export interface Hit extends Selection {
  /** What it is known by beside its id: plate, label, rider. */
  detail: string;
  found: Found["vehicles"][number] | Found["rides"][number];
}

/** Looks for vehicles and rides while somebody types. */
export class Search {
  readonly text = signal("");
  /** Null: nothing was asked, or the answer is not there. */
  readonly hits = signal<Hit[] | null>(null);
  readonly trouble = signal<Words | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly rest: Rest,
    private readonly explain: (error: unknown) => string,
  ) {}

  type(text: string): void {
    this.text.value = text;
    clearTimeout(this.timer);
    this.trouble.value = null;
    if (text.trim() === "") {
      this.hits.value = null;
      return;
    }
    this.timer = setTimeout(() => void this.ask(text), PAUSE_MS);
  }

  private async ask(text: string): Promise<void> {
    // What was typed since is another question.
    const current = () => text === this.text.value;
    try {
      const found = await this.rest.get<Found>("v1/search", { text: text.trim(), limit: LIMIT });
      if (current()) this.hits.value = hits(found);
    } catch (error) {
      if (current()) this.trouble.value = () => this.explain(error);
    }
  }
}

function hits({ vehicles, rides }: Found): Hit[] {
  return [
    ...vehicles.map((found): Hit => {
      const { plate, label } = found.info;
      const detail = [plate, label].filter(Boolean).join(" · ");
      return { kind: "vehicle", id: found.vehicle.id, detail, found };
    }),
    ...rides.map((found): Hit => {
      return { kind: "ride", id: found.ride_id, detail: found.rider ?? "", found };
    }),
  ].slice(0, 2 * LIMIT);
}
