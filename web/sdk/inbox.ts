import { ProtocolError } from "./errors.ts";
import type { Event, InboxPlace, Resume } from "./protocol.gen.ts";

/** An event, and what the service says of it. */
export interface Told {
  event: Event;
  /** When it happened, ms since the Unix epoch. */
  at_ms: number;
  /** Its number in the inbox. */
  offset: number;
}

/** At most one `ack` in this time, ms. */
const ACK_PERIOD_MS = 1_000;
/** So many events wait for a reader; those after them wait in the service. */
const WAITING_MAX = 1_000;

export interface InboxHooks {
  /** Tells the service that the events up to `offset` have arrived. */
  ack(offset: number): void;
  /** Keeps the place beyond this page. */
  save(place: Resume): void;
  /** There is room for the events that were passed over: a new session brings them. */
  renew(): void;
}

/** How far the person's events have been taken, over all sessions. */
export class Inbox {
  /** Behind the newest event that the app has dealt with. */
  #place: Resume | undefined;
  /** The newest that came, of those that were not passed over. */
  #came = 0;
  #acked = 0;
  #ackedMs = Number.NEGATIVE_INFINITY;
  #live = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the app reads events, instead of being called for each. */
  #isRead = false;
  #waiting: Told[] = [];
  /** Events were passed over as too many waited. */
  #passedOver = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #hooks: InboxHooks;

  /** @param place where an earlier page stopped */
  constructor(hooks: InboxHooks, place: Resume | undefined) {
    this.#hooks = hooks;
    this.#place = place;
  }

  /** Where the next session is to go on. Absent: no session has told a place yet. */
  get resume(): Resume | undefined {
    return this.#place;
  }

  /** The service says where this session's events begin: at `resume` if that was there still. */
  begin({ epoch, offset }: InboxPlace): void {
    this.pause();
    this.#live = true;
    this.#came = this.#acked = offset;
    this.#place = { epoch, offset };
    this.#hooks.save(this.#place);
  }

  /** Hands a new event to the reader, or else to `call`. Throws `ProtocolError` when some are missing between. */
  take(told: Told, call: () => void): void {
    const { offset } = told;
    const place = this.#place;
    if (this.#live && offset <= this.#came) return;
    if (this.#passedOver) return;
    if (!place || !this.#live || offset > this.#came + 1) {
      throw new ProtocolError(`event ${offset} after ${this.#came}`);
    }
    if (this.#waiting.length >= WAITING_MAX) {
      this.#passedOver = true;
      return;
    }
    this.#came = offset;
    // The reader had it in hand when the last session ended.
    if (offset <= place.offset) {
      this.#settle();
    } else if (this.#isRead) {
      this.#waiting.push(told);
      this.#wake?.();
    } else {
      call();
      this.#dealtWith(offset, place.epoch);
    }
  }

  /**
   * The events that wait, and those to come. Each is dealt with when the next is
   * asked for, or the loop is left.
   */
  read(): AsyncGenerator<Told, void> {
    this.#isRead = true;
    return this.#read();
  }

  async *#read(): AsyncGenerator<Told, void> {
    while (!this.#closed) {
      const told = this.#waiting[0];
      const epoch = this.#place?.epoch;
      if (told && epoch) {
        try {
          yield told;
        } finally {
          this.#dealtWith(told.offset, epoch);
        }
      } else if (this.#passedOver) {
        this.#hooks.renew();
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }

  /** The session is over: the next one begins behind all that was dealt with. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#live = this.#passedOver = false;
    this.#waiting = [];
  }

  /** Ends the reader. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #dealtWith(offset: number, epoch: string): void {
    const place = this.#place;
    if (place?.epoch !== epoch || offset <= place.offset) return;
    this.#place = { epoch, offset };
    this.#hooks.save(this.#place);
    if (this.#waiting[0]?.offset === offset) this.#waiting.shift();
    this.#settle();
  }

  /** Acknowledges at once if the last `ack` is long ago, else at its time. */
  #settle(): void {
    // No more than came in this session.
    const offset = Math.min(this.#place?.offset ?? 0, this.#came);
    if (!this.#live || offset <= this.#acked || this.#timer !== undefined) return;
    const rest = this.#ackedMs + ACK_PERIOD_MS - Date.now();
    if (rest > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#settle();
      }, rest);
      return;
    }
    this.#acked = offset;
    this.#ackedMs = Date.now();
    this.#hooks.ack(offset);
  }
}
