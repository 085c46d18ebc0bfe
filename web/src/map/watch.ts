import type { Client, ServiceError, Subscription, VehiclesMessage } from "../../sdk/index.ts";
import { type Bounds, outgrown, toViewport, withMargin } from "./area.ts";

/** At most one check in this time while the map moves, ms. */
const PERIOD_MS = 250;
/** A refusal that may pass is tried again after this, ms. */
const AGAIN_MS = 2_000;

export interface WatchListener {
  onVehicles(message: VehiclesMessage): void;
  /** The service holds the area; vehicles come. */
  onHeld(): void;
  /** It does not; none come. */
  onRefused(error: ServiceError): void;
}

/** Keeps one viewport subscription where the map is. */
export class Watch {
  /** How often the subscription was moved. */
  updates = 0;
  private area: Bounds | undefined;
  private subscription: Subscription | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private checkedMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: Client,
    private readonly view: () => { bounds: Bounds; zoom: number },
    private readonly listener: WatchListener,
  ) {
    this.check();
  }

  /** The map moved: at once if the last check is long ago, else at its time. */
  moved(): void {
    if (this.timer !== undefined) return;
    const rest = this.checkedMs + PERIOD_MS - performance.now();
    if (rest <= 0) this.check();
    else this.timer = setTimeout(() => this.check(), rest);
  }

  private check(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.checkedMs = performance.now();
    const { bounds, zoom } = this.view();
    if (this.area && !outgrown(this.area, bounds)) return;
    this.area = withMargin(bounds);
    const channel = { kind: "viewport" as const, ...toViewport(this.area, zoom) };
    if (this.subscription) {
      this.updates += 1;
      this.subscription.update(channel);
      return;
    }
    this.subscription = this.client.subscribe(channel, {
      onVehicles: (message) => this.listener.onVehicles(message),
      onHeld: () => this.listener.onHeld(),
      onRefused: (error) => {
        // Whatever the map shows next is to be asked for.
        this.area = undefined;
        if (error.body.retryable) setTimeout(() => this.moved(), AGAIN_MS);
        this.listener.onRefused(error);
      },
    });
  }
}
