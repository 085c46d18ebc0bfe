import { Changes } from "./changes.ts";
import type { Connection } from "./connection.ts";
import { ConnectionLost, ServiceError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import { HandleTable } from "./handles.ts";
import type { Channel, DensityMessage, ServerMessage, VehiclesMessage } from "./protocol.gen.ts";

/** Who is told about a subscription. */
export interface SubscriptionListener {
  /** A snapshot first, then changes; a snapshot again after every reconnect. */
  onVehicles?(message: VehiclesMessage): void;
  /** As `onVehicles`, of a channel of the kind `density`. */
  onDensity?(message: DensityMessage): void;
  /** The service took the channel. */
  onHeld?(channel: Channel): void;
  /**
   * The service refused the channel. The subscription holds nothing now, and
   * nothing comes until `update` asks for another.
   */
  onRefused?(error: ServiceError): void;
}

export interface SubscriptionOptions {
  /** Unique within the client, up to 64 bytes. Absent: one is made up. */
  name?: string;
  /** At most so many messages a second, above 0 up to 50. Absent: as they come. */
  maxRateHz?: number;
}

/**
 * A subscription that outlives its connection. One request is under way at a
 * time and the newest channel wins, so that a fast hand on a map never queues
 * updates.
 */
export class Subscription implements AsyncIterable<VehiclesMessage> {
  /** The channel that the service was asked for last in this session. */
  #asked: Channel | undefined;
  /** Whether the service has a subscription of this name. */
  #held = false;
  #busy = false;
  #closed = false;
  #handles = new HandleTable();
  #channel: Channel;
  /** For who reads instead of listening. */
  readonly #changes: Changes | undefined;
  readonly #listener: SubscriptionListener;
  readonly #connection: Connection;
  readonly #maxRateHz: number | undefined;
  /** All of the client, by their names. */
  readonly #all: Map<string, Subscription>;

  /** Made by `Client.subscribe`. */
  constructor(
    connection: Connection,
    readonly name: string,
    channel: Channel,
    listener: SubscriptionListener | undefined,
    maxRateHz: number | undefined,
    all: Map<string, Subscription>,
  ) {
    all.set(name, this);
    this.#all = all;
    this.#connection = connection;
    this.#channel = channel;
    this.#maxRateHz = maxRateHz;
    if (!listener) this.#changes = new Changes();
    this.#listener = listener ?? this.#changes ?? {};
    void this.#settle();
  }

  /** Moves the subscription, without a reconnect. */
  update(channel: Channel): void {
    this.#channel = channel;
    void this.#settle();
  }

  /** Ends it. */
  close(): void {
    this.#closed = true;
    this.#changes?.close();
    void this.#settle();
  }

  /**
   * The messages for one reader, if there is no listener. Who reads slowly gets
   * several joined into one. Throws the `ServiceError` of a refusal; to leave
   * the loop closes the subscription.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<VehiclesMessage, void> {
    if (!this.#changes) throw new TypeError("this subscription has a listener");
    try {
      yield* this.#changes.read(this.name);
    } finally {
      this.close();
    }
  }

  /** A new session: the service knows nothing of the old one's subscriptions. */
  renew(): void {
    this.#held = false;
    this.#asked = undefined;
    this.#handles = new HandleTable();
    void this.#settle();
  }

  /** Takes a binary frame. Throws `ProtocolError`. */
  frame(frame: Frame): void {
    const message = this.#handles.resolve(frame);
    if (this.#hears) this.#listener.onVehicles?.(message);
  }

  message(message: Extract<ServerMessage, { type: "vehicles" | "density" }>): void {
    if (!this.#hears) return;
    if (message.type === "density") this.#listener.onDensity?.(message);
    else this.#listener.onVehicles?.(message);
  }

  get #hears(): boolean {
    return !this.#closed && this.#held;
  }

  /** Brings the service to what is wanted, one request after the other. */
  async #settle(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#connection.state.kind === "live" && this.#unsettled()) await this.#step();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      // `renew` begins anew in the next session. If this one lives on and gave
      // no reply, nobody knows what it holds.
      this.#connection.renew();
    } finally {
      this.#busy = false;
      if (this.#closed && this.#all.get(this.name) === this) this.#all.delete(this.name);
    }
  }

  #unsettled(): boolean {
    return this.#closed ? this.#held : this.#asked !== this.#channel;
  }

  async #step(): Promise<void> {
    if (this.#closed) return this.#end();
    const subscription = this.name;
    const channel = this.#channel;
    const type = this.#held ? "update" : "subscribe";
    this.#asked = channel;
    // From here on: the snapshot may come before the reply.
    this.#held = true;
    const rate = this.#maxRateHz && { max_rate_hz: this.#maxRateHz };
    try {
      await this.#connection.request({ type, subscription, channel: channel as Channel, ...rate });
      this.#listener.onHeld?.(channel);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // A refused update leaves the old area standing, of which the caller
      // would show a part as if it were the whole: better nothing.
      if (type === "update") await this.#end();
      this.#held = false;
      if (!this.#closed) this.#listener.onRefused?.(error);
    }
  }

  async #end(): Promise<void> {
    this.#held = false;
    try {
      await this.#connection.request({ type: "unsubscribe", subscription: this.name });
    } catch (error) {
      // The service holds none of this name: as wanted.
      if (!(error instanceof ServiceError)) throw error;
    }
  }
}
