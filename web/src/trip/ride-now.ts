import { computed, signal } from "@preact/signals";
import { backoffMs, type Eta, type Event, type Progress, type Ride } from "../../sdk/index.ts";

export interface RideNowOptions {
  /** The person's newest rides, by REST. May reject: it is asked again. */
  fetch(): Promise<Ride[]>;
  /** Whether a ride is the person's at all: to drivers one that was given back is not. */
  mine?(ride: Ride): boolean;
  /** The id of the ride whose end the person has put away; kept over loads of the page. */
  dismissed?: { load(): string | null; save(rideId: string): void };
}

const OVER = ["completed", "cancelled", "expired"];

export function isOver(ride: Ride): boolean {
  return OVER.includes(ride.state);
}

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
  private readonly dismissed = signal<string | null>(null);
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: Promise<void> | undefined;
  private again = false;

  constructor(private readonly options: RideNowOptions) {
    this.dismissed.value = options.dismissed?.load() ?? null;
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
    if (known?.ride_id === ride.ride_id) {
      if (ride.version <= known.version) return;
    } else if (known && !replaces(ride, known)) {
      return;
    }
    const mine = this.options.mine?.(ride) ?? true;
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
    this.options.dismissed?.save(ride.ride_id);
    this.dismissed.value = ride.ride_id;
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    while (this.again) {
      this.again = false;
      try {
        const rides = await this.options.fetch();
        const open = rides.find((ride) => !isOver(ride)) ?? rides[0];
        if (open) this.take(open);
        // The one that is shown may have ended behind it.
        for (const ride of rides) {
          if (ride.ride_id === this.newest.peek()?.ride_id) this.take(ride);
        }
        this.known.value = true;
        this.attempt = 0;
      } catch {
        const waitMs = 1_000 + backoffMs(this.attempt++, Math.random());
        this.timer = setTimeout(() => void this.refresh(), waitMs);
      }
    }
  }
}

/** Whether another ride than the known one is the one to show. */
function replaces(ride: Ride, known: Ride): boolean {
  if (isOver(ride) !== isOver(known)) return isOver(known);
  return ride.requested_at_ms > known.requested_at_ms;
}
