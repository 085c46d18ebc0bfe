import {
  type Ride,
  type RideCount,
  type RideCounts,
  type RidesPage,
  ServiceError,
} from "../../sdk/index.ts";
import type { RideBook } from "../fleet/ride-book.ts";

/** Between two looks at the counts, ms. */
const PERIOD_MS = 5_000;
/** What is open is fetched by pages of this length, at most so many: 2,000 rides of a state. */
const PAGE = 100;
const PAGES_MAX = 20;
const OPEN = ["requested", "offered", "accepted", "arrived", "in_progress"] as const;

export interface RideSource {
  get<T>(path: string): Promise<T>;
  /** Null: the service does not tell. */
  onCounts(counts: RideCount[] | null): void;
}

/**
 * Asks for what events do not tell: how many rides there are, and which were
 * open before the first event. Only while somebody looks.
 */
export class RideFeed {
  private live = false;
  /** Which rides are open is to be asked for. */
  private unknown = true;
  private busy = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly book: RideBook,
    private readonly source: RideSource,
  ) {
    document.addEventListener("visibilitychange", () => void this.look());
  }

  /** There is a session whose person may see all rides. */
  begin(): void {
    this.live = true;
    void this.look();
  }

  /** The session ended; what is known stays until the next one. */
  pause(): void {
    this.live = false;
    clearTimeout(this.timer);
  }

  /** The rides are not to be seen. */
  end(): void {
    this.pause();
    this.unknown = true;
    this.book.clear();
    this.source.onCounts(null);
  }

  /** Events are missing. */
  lost(): void {
    this.unknown = true;
    void this.look();
  }

  private async look(): Promise<void> {
    if (!this.live || this.busy || document.hidden) return;
    clearTimeout(this.timer);
    this.busy = true;
    try {
      while (this.unknown) await this.fetchOpen();
      const { counts } = await this.source.get<RideCounts>("v1/rides/counts");
      if (this.live) this.source.onCounts(counts);
    } catch (error) {
      // This service has no rides, or not for this person.
      if (error instanceof ServiceError && !error.body.retryable && this.live) this.end();
    } finally {
      this.busy = false;
    }
    if (this.live) this.timer = setTimeout(() => void this.look(), PERIOD_MS);
  }

  private async fetchOpen(): Promise<void> {
    this.unknown = false;
    this.book.expect();
    let rides: Ride[] | null = null;
    try {
      const states: Ride[][] = [];
      for (const state of OPEN) states.push(await this.all(state));
      rides = states.flat();
    } catch (error) {
      this.unknown = true;
      throw error;
    } finally {
      // More was lost meanwhile: this answer is of no use.
      this.book.fetched(this.unknown ? null : rides);
    }
  }

  private async all(state: (typeof OPEN)[number]): Promise<Ride[]> {
    const rides: Ride[] = [];
    let before: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const after = before === undefined ? "" : `&before=${encodeURIComponent(before)}`;
      const path = `v1/rides?state=${state}&limit=${PAGE}${after}`;
      const answer = await this.source.get<RidesPage>(path);
      rides.push(...answer.rides);
      before = answer.before;
      if (before === undefined) break;
    }
    return rides;
  }
}
