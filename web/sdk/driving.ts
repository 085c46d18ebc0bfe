import type { Connection } from "./connection.ts";
import { ServiceError } from "./errors.ts";
import type { ErrorCode, Position, VehicleInfo } from "./protocol.gen.ts";
import type { Ok } from "./requests.ts";

export interface DrivingOptions {
  /**
   * What is kept of the way while nothing can be sent: besides the newest
   * position at most `max`, `everyMs` apart by their own times. Absent: 100,
   * 5,000. `max` 0: the newest only.
   */
  trail?: { max: number; everyMs: number };
  /** `waiting`, `sentAtMs` or `refused` has changed. */
  onChange?(): void;
}

/** More wait while so many messages have no reply: the line takes no more. */
const UNANSWERED_MAX = 4;

/**
 * A driver who is online, over all reconnects. Positions are sent at once as
 * long as the service answers; otherwise they wait, the newest and a thinned
 * trail before it.
 */
export class Driving {
  /** When the service last took a position, ms of `Date.now()`. */
  sentAtMs: number | undefined;
  /** Why it did not take the last that it refused; absent once it takes one again. */
  refused: ErrorCode | undefined;
  #waiting: Position[] = [];
  #unanswered = 0;
  /** Whether `go_online` was said in this session. */
  #online = false;
  #stopped = false;
  readonly #connection: Connection;
  #vehicle: VehicleInfo;
  readonly #options: DrivingOptions;

  readonly #goOffline: () => Promise<unknown>;

  /** Made by `Client.drive`. */
  constructor(
    connection: Connection,
    vehicle: VehicleInfo,
    options: DrivingOptions,
    goOffline: () => Promise<unknown>,
  ) {
    this.#connection = connection;
    this.#vehicle = vehicle;
    this.#options = options;
    this.#goOffline = goOffline;
    this.#send();
  }

  /** How many positions were not sent yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Where the vehicle is. Never waits: what cannot be sent now is sent later. */
  report(position: Position): void {
    this.#keep([position]);
    this.#send();
  }

  /** Another plate or label; or another vehicle, if its class is another. */
  change(vehicle: VehicleInfo): void {
    this.#vehicle = vehicle;
    this.renew();
  }

  /** A new session: the service does not know that it drives. */
  renew(): void {
    this.#online = false;
    this.#send();
  }

  /** Goes offline: the vehicle is gone from every view. Resolves once that was said, or given up. */
  async stop(): Promise<void> {
    this.end();
    // Who does not reach the service goes silent there by itself.
    await this.#goOffline().catch(() => {});
  }

  /** No more is sent. */
  end(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  #send(): void {
    const { state } = this.#connection;
    if (!this.#stopped && state.kind === "live") {
      // In one go: the service carries them out in this order.
      if (!this.#online) this.#goOnline();
      if (this.#waiting.length > 0 && this.#unanswered < UNANSWERED_MAX) this.#sendWaiting();
    }
    this.#options.onChange?.();
  }

  #goOnline(): void {
    this.#online = true;
    const vehicle = this.#vehicle;
    this.#connection.request({ type: "go_online", vehicle }).catch((error) => this.#failed(error));
  }

  async #sendWaiting(): Promise<void> {
    const positions = this.#waiting;
    this.#waiting = [];
    this.#unanswered += 1;
    try {
      this.#judged(await this.#connection.request({ type: "positions", positions }));
    } catch (error) {
      // Without a reply they may have been taken; then they are refused as being of old.
      if (!this.#failed(error)) this.#keep(positions);
    }
    this.#unanswered -= 1;
    this.#send();
  }

  #judged({ accepted, refused }: Ok): void {
    this.refused = refused?.findLast(({ code }) => code !== "position_out_of_order")?.code;
    if (this.refused === "not_online") this.#online = false;
    if (accepted) this.sentAtMs = Date.now();
  }

  /** Whether the service said so. */
  #failed(error: unknown): boolean {
    if (!(error instanceof ServiceError)) return false;
    this.refused = error.body.code;
    return true;
  }

  #keep(positions: Position[]): void {
    if (this.#stopped) return;
    const { max, everyMs } = this.#options.trail ?? { max: 100, everyMs: 5_000 };
    const all = [...this.#waiting, ...positions].sort((a, b) => a.timestamp_ms - b.timestamp_ms);
    let keptMs = Number.NEGATIVE_INFINITY;
    const kept = all.filter(({ timestamp_ms }, at) => {
      const keep = at === all.length - 1 || timestamp_ms >= keptMs + everyMs;
      if (keep) keptMs = timestamp_ms;
      return keep;
    });
    this.#waiting = kept.slice(-max - 1);
  }
}
