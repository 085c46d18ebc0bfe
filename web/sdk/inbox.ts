import type { InboxPlace, Resume } from "./protocol.gen.ts";

/** An offset that does not follow the one before: coming back brings what lies between. */
export class EventsMissing extends Error {
  override name = "EventsMissing";
}

/** At most one `ack` in this time, ms. */
const ACK_PERIOD_MS = 1_000;

/** How far the person's events have been taken, over all sessions. */
export class Inbox {
  private place: Resume | undefined;
  /** Taken by the app in this session, and not acknowledged yet. */
  private unacked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ackedMs = Number.NEGATIVE_INFINITY;

  /** @param ack tells the service that the events up to `offset` have arrived */
  constructor(private readonly ack: (offset: number) => void) {}

  /** Where the next session is to go on. Absent: no session has told a place yet. */
  get resume(): Resume | undefined {
    return this.place;
  }

  /** The service says where this session's events begin: at `resume` if that was there still. */
  begin({ epoch, offset }: InboxPlace): void {
    this.place = { epoch, offset };
  }

  /** Whether the event is a new one. Throws `EventsMissing`. */
  take(offset: number): boolean {
    const place = this.place;
    if (place && offset <= place.offset) return false;
    if (!place || offset > place.offset + 1) {
      throw new EventsMissing(`event ${offset} after ${place?.offset ?? "no place"}`);
    }
    this.place = { ...place, offset };
    return true;
  }

  /** The app has the event: at once if the last `ack` is long ago, else at its time. */
  taken(): void {
    this.unacked = true;
    if (this.timer === undefined) this.settle();
  }

  /** The session is over: the next one begins behind all that was taken. */
  pause(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.unacked = false;
  }

  private settle(): void {
    this.timer = undefined;
    if (!this.unacked || !this.place) return;
    const rest = this.ackedMs + ACK_PERIOD_MS - Date.now();
    if (rest > 0) {
      this.timer = setTimeout(() => this.settle(), rest);
      return;
    }
    this.unacked = false;
    this.ackedMs = Date.now();
    this.ack(this.place.offset);
  }
}
