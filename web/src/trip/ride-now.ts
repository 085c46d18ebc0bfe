import { computed, type Signal, signal } from "@preact/signals";
import {
  backoffMs,
  type Eta,
  type Event,
  type Progress,
  type Ride,
  type RideId,
} from "../../sdk/index.ts";
import { isOver } from "../fleet/ride-book.ts";

export interface RideNowOptions {
  /** The person's newest rides, by REST. May reject: it is asked again. */
  fetch(): Promise<Ride[]>;
  /** Whether a ride is the person's at all: to drivers one that was given back is not. */
  mine?(ride: Ride): boolean;
  /** The open ride is the person's no more, or the service has lost what it had. */
  onGone?(ride: Ride): void;
  /** The service's clock, ms. */
  nowMs(): number;
  /** The id of the ride whose end the person has put away; kept over loads of the page. */
  dismissed?: Signal<string | null>;
}

/** A ride that ended longer ago is no news to who opens the page, ms. */
const RECENT_MS = 10 * 60_000;

/**
 * The one ride that this person has now, from the events, the replies and REST:
 * of two copies the one of the greater version wins, whichever way it came. The
 * ride stays after its end, to tell how it ended, until it is put away.
 */
export class RideNow {
  /** Whether the service has said which rides there are. */
  readonly known = signal(false);
  private readonly newest = signal<Ride | undefined>(undefined);
  private readonly progress = signal<Progress | undefined>(undefined);
  private readonly dismissed: Signal<string | null>;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: Promise<void> | undefined;
  private again = false;

  constructor(private readonly options: RideNowOptions) {
    this.dismissed = options.dismissed ?? signal(null);
  }

  /** The ride to show; nothing: there is none. */
  readonly ride = computed(() => {
    const ride = this.newest.value;
    if (!ride || (isOver(ride) && ride.ride_id === this.dismissed.value)) return undefined;
    return ride;
  });

  /** The newest estimate of its next end. */
  readonly eta = computed((): Eta | undefined => {
    const ride = this.ride.value;
    const progress = this.progress.value;
    if (!ride || ride.state === "arrived" || isOver(ride)) return undefined;
    const told = progress?.ride_id === ride.ride_id ? progress.eta : undefined;
    // One that was under way when the ride went on says nothing of the next end.
    const toward = ride.state === "in_progress" ? "dropoff" : "pickup";
    const fresh = told?.toward === toward ? told : undefined;
    if (!fresh || (ride.eta && ride.eta.at_ms > fresh.at_ms)) return ride.eta;
    return fresh;
  });

  /** A copy of a ride of this person. */
  take(ride: Ride): void {
    const known = this.newest.peek();
    const mine = this.options.mine?.(ride) ?? true;
    if (known?.ride_id === ride.ride_id) {
      if (ride.version <= known.version) return;
    } else if (!mine || (known && !replaces(ride, known))) {
      return;
    }
    this.newest.value = mine ? ride : undefined;
  }

  event(event: Event): void {
    if (event.kind === "ride") this.take(event);
  }

  heard(progress: Progress): void {
    const known = this.progress.peek();
    if (known?.ride_id === progress.ride_id && known.eta.at_ms > progress.eta.at_ms) return;
    this.progress.value = progress;
  }

  /** Asks the service: when the page is opened, and when events were lost. */
  refresh(): Promise<void> {
    this.again = true;
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** The person has read how it ended. */
  dismiss(): void {
    const ride = this.newest.peek();
    if (!ride) return;
    this.dismissed.value = ride.ride_id;
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    while (this.again) {
      this.again = false;
      const before = this.newest.peek()?.ride_id;
      try {
        const rides = await this.options.fetch();
        this.told(rides, before);
        this.known.value = true;
        this.attempt = 0;
      } catch {
        const waitMs = 1_000 + backoffMs(this.attempt++, Math.random());
        this.timer = setTimeout(() => void this.refresh(), waitMs);
      }
    }
  }

  /** @param before the ride that was shown when the service was asked */
  private told(rides: Ride[], before: RideId | undefined): void {
    const known = this.newest.peek();
    if (known?.ride_id === before && !rides.some((one) => one.ride_id === before)) {
      this.newest.value = undefined;
      if (known && !isOver(known)) this.options.onGone?.(known);
    }
    for (const ride of rides) {
      const shown = ride.ride_id === this.newest.peek()?.ride_id;
      const old = isOver(ride) && this.options.nowMs() - (ride.ended_at_ms ?? 0) > RECENT_MS;
      if (shown || !old) this.take(ride);
    }
  }
}

/** Whether another ride than the known one is the one to show. */
function replaces(ride: Ride, known: Ride): boolean {
  if (isOver(ride) !== isOver(known)) return isOver(known);
  return ride.requested_at_ms > known.requested_at_ms;
}
