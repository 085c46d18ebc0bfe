import type {
  Channel,
  Client,
  DensityMessage,
  ServiceError,
  Subscription,
  VehiclesMessage,
} from "../../sdk/index.ts";
import { type Bounds, outgrown, toViewport, withMargin } from "./area.ts";

/** At most one check in this time while the map moves, ms. */
const PERIOD_MS = 250;
/** A refusal that may pass is tried again after this, ms. */
const AGAIN_MS = 2_000;

export interface WatchListener {
  onVehicles?(message: VehiclesMessage): void;
  onDensity?(message: DensityMessage): void;
  /** The service holds the area; vehicles come. */
  onHeld?(): void;
  /** It does not; none come. */
  onRefused(error: ServiceError): void;
}

export interface WatchOptions {
  /** What is watched of an area. Absent: its vehicles. */
  channel?(area: Bounds, zoom: number): Channel;
  /** True: nothing is watched until `resume`. */
  paused?: boolean;
}

const vehicles = (area: Bounds, zoom: number): Channel => ({
  kind: "viewport",
  ...toViewport(area, zoom),
});

/** Keeps one subscription where the map is. */
export class Watch {
  /** How often the subscription was moved. */
  updates = 0;
  private area: Bounds | undefined;
  private subscription: Subscription | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private checkedMs = Number.NEGATIVE_INFINITY;
  private paused: boolean;
  private readonly channel: (area: Bounds, zoom: number) => Channel;

  constructor(
    private readonly client: Client,
    private readonly view: () => { bounds: Bounds; zoom: number },
    private readonly listener: WatchListener,
    options: WatchOptions = {},
  ) {
    this.channel = options.channel ?? vehicles;
    this.paused = options.paused ?? false;
    this.check();
  }

  /** The map moved: at once if the last check is long ago, else at its time. */
  moved(): void {
    if (this.timer !== undefined || this.paused) return;
    const rest = this.checkedMs + PERIOD_MS - performance.now();
    if (rest <= 0) this.check();
    else this.timer = setTimeout(() => this.check(), rest);
  }

  /** Watches nothing until `resume`. What was told last is the listener's to forget. */
  pause(): void {
    this.paused = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.area = undefined;
    this.subscription?.close();
    this.subscription = undefined;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.check();
  }

  /** What is watched of the area is another thing now. */
  renew(): void {
    this.area = undefined;
    this.moved();
  }

  private check(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.paused) return;
    this.checkedMs = performance.now();
    const { bounds, zoom } = this.view();
    if (this.area && !outgrown(this.area, bounds)) return;
    this.area = withMargin(bounds);
    const channel = this.channel(this.area, zoom);
    if (this.subscription) {
      this.updates += 1;
      this.subscription.update(channel);
      return;
    }
    // One that was closed may still speak: of it nothing is heard.
    const current = () => subscription === this.subscription;
    const subscription = this.client.subscribe(channel, {
      onVehicles: (message) => this.listener.onVehicles?.(message),
      onDensity: (message) => this.listener.onDensity?.(message),
      onHeld: () => {
        if (current()) this.listener.onHeld?.();
      },
      onRefused: (error) => {
        if (!current()) return;
        // Whatever the map shows next is to be asked for.
        this.area = undefined;
        if (error.body.retryable) setTimeout(() => this.moved(), AGAIN_MS);
        this.listener.onRefused(error);
      },
    });
    this.subscription = subscription;
  }
}
