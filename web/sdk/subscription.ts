import { type Client, ConnectionLost, ServiceError } from "./client.ts";
import type { Frame } from "./frame.ts";
import { HandleTable } from "./handles.ts";
import type { Channel, VehiclesMessage } from "./protocol.gen.ts";

/** Who is told about a subscription. */
export interface SubscriptionListener {
  /** A snapshot first, then changes; a snapshot again after every reconnect. */
  onVehicles(message: VehiclesMessage): void;
  /** The service took the channel. */
  onHeld?(channel: Channel): void;
  /**
   * The service refused the channel. The subscription holds nothing now, and
   * nothing comes until `update` asks for another.
   */
  onRefused?(error: ServiceError): void;
}

/**
 * A subscription that outlives its connection. One request is under way at a
 * time and the newest channel wins, so that a fast hand on a map never queues
 * updates.
 */
export class Subscription {
  /** The channel that the service was asked for last in this session. */
  private asked: Channel | undefined;
  /** Whether the service has a subscription of this name. */
  private held = false;
  private busy = false;
  private closed = false;
  private handles = new HandleTable();

  /** Made by `Client.subscribe`. */
  constructor(
    private readonly client: Client,
    readonly name: string,
    private channel: Channel,
    private readonly listener: SubscriptionListener,
    private readonly maxRateHz?: number,
  ) {
    void this.settle();
  }

  /** Moves the subscription, without a reconnect. */
  update(channel: Channel): void {
    this.channel = channel;
    void this.settle();
  }

  /** Ends it. */
  close(): void {
    this.closed = true;
    void this.settle();
  }

  /** A new session: the service knows nothing of the old one's subscriptions. */
  renew(): void {
    this.held = false;
    this.asked = undefined;
    this.handles = new HandleTable();
    void this.settle();
  }

  /** Takes a binary frame. Throws `FrameError`. */
  frame(frame: Frame): void {
    this.message(this.handles.resolve(frame));
  }

  message(message: VehiclesMessage): void {
    if (!this.closed && this.held) this.listener.onVehicles(message);
  }

  /** Brings the service to what is wanted, one request after the other. */
  private async settle(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.client.state.kind === "live" && this.unsettled()) await this.step();
    } catch (error) {
      // `renew` begins anew in the next session.
      if (!(error instanceof ConnectionLost)) throw error;
    } finally {
      this.busy = false;
    }
  }

  private unsettled(): boolean {
    return this.closed ? this.held : this.asked !== this.channel;
  }

  private async step(): Promise<void> {
    if (this.closed) return this.end();
    const subscription = this.name;
    const channel = this.channel;
    const type = this.held ? "update" : "subscribe";
    this.asked = channel;
    // From here on: the snapshot may come before the reply.
    this.held = true;
    const rate = this.maxRateHz === undefined ? {} : { max_rate_hz: this.maxRateHz };
    try {
      await this.client.request({ type, subscription, channel, ...rate });
      this.listener.onHeld?.(channel);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // A refused update leaves the old area standing, of which the caller
      // would show a part as if it were the whole: better nothing.
      if (type === "update") await this.end();
      this.held = false;
      if (!this.closed) this.listener.onRefused?.(error);
    }
  }

  private async end(): Promise<void> {
    this.held = false;
    try {
      await this.client.request({ type: "unsubscribe", subscription: this.name });
    } catch (error) {
      // The service holds none of this name: as wanted.
      if (!(error instanceof ServiceError)) throw error;
    }
  }
}
