import { Connection, type ConnectionOptions, type ConnectionState } from "./connection.ts";
import { Driving, type DrivingOptions } from "./driving.ts";
import { persist } from "./errors.ts";
import type { Frame } from "./frame.ts";
import { Inbox, type Told } from "./inbox.ts";
import type {
  Channel,
  ClientMessage,
  Event,
  InboxPlace,
  OfferId,
  Place,
  Progress,
  QuickReply,
  Resume,
  Ride,
  RideId,
  Role,
  ServerMessage,
  UserId,
  VehicleClass,
  VehicleInfo,
  VehiclesMessage,
  Welcome,
} from "./protocol.gen.ts";
import type { Ok } from "./requests.ts";
import {
  Subscription,
  type SubscriptionListener,
  type SubscriptionOptions,
} from "./subscription.ts";

export interface ClientOptions extends ConnectionOptions {
  /**
   * Keeps the place in the inbox over loads of the page, as in `localStorage`:
   * of one person and role. Absent: a new page hears new events only.
   */
  place?: {
    load(): Resume | undefined | null;
    /** The events up to here were dealt with. */
    save(place: Resume): void;
  };
  onState?(state: ConnectionState): void;
  /**
   * What the person is told: each event once and in order, over all
   * reconnects. `at_ms`: when it happened. It is acknowledged once this returns.
   * Not called any more once `events` is.
   */
  onEvent?(event: Event, at_ms: number, offset: number): void;
  /**
   * There were events that will not come, as after an absence longer than they
   * are kept: fetch anew what they would have told. Those after it come, as do
   * all from the first `live` on.
   */
  onLost?(): void;
  /** How far a driven ride has come. */
  onProgress?(progress: Progress): void;
  /** How long what is asked for is sent again when no reply comes, ms. Absent: 60,000. */
  patienceMs?: number;
}

const PATIENCE_MS = 60_000;

/** Connects and stays connected until `close` or a final word of the service. */
export function connect(options: ClientOptions): Client {
  return new Client(options);
}

/**
 * One person's way to the service. What is asked for by a method is sent again
 * after a reconnect, for `patienceMs`: the service does it once. It rejects with
 * `ServiceError` when the service refuses it, and with `ConnectionLost` when no
 * reply came in that time or the connection is stopped.
 */
export class Client {
  /** Whose token it was, as the last session said. */
  user: { id: UserId; role: Role } | undefined;
  readonly #options: ClientOptions;
  readonly #connection: Connection;
  readonly #inbox: Inbox;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #driving: Driving | undefined;
  #names = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    if (options.onState) this.#listeners.add((state) => options.onState?.(state));
    this.#inbox = new Inbox(
      {
        ack: (offset) => this.#connection.send({ type: "ack", offset }),
        save: (place) => options.place?.save(place),
        renew: () => this.#connection.renew(),
      },
      options.place?.load() ?? undefined,
    );
    this.#connection = new Connection(options, {
      resume: () => this.#inbox.resume,
      entered: (state) => {
        for (const listener of [...this.#listeners]) listener(state);
      },
      received: (message) => this.#received(message),
      ended: () => this.#inbox.pause(),
    });
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /** Calls for each new state. Returns what ends that. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tries at once, whatever was said before. Does nothing when live. */
  retry(): void {
    this.#connection.retry();
  }

  /** Ends it for good, with what reads from it. */
  close(): void {
    this.#inbox.close();
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#driving?.end();
    this.#connection.close();
  }

  /** The service's clock, ms since the Unix epoch, late by the way of a message. */
  serverNowMs(): number {
    return this.#connection.serverNowMs();
  }

  /**
   * The events instead of `onEvent`, for one reader at a time. Each is
   * acknowledged when the next is asked for, or the loop is left. At most 1,000
   * wait here for a slow reader; those after them wait in the service and are
   * fetched when there is room.
   */
  events(): AsyncGenerator<Told, void> {
    return this.#inbox.read();
  }

  /**
   * Watches a channel for as long as the client lives, over all reconnects. A
   * function is taken for `onVehicles`. Without a listener, read the
   * subscription: `for await (const message of client.subscribe(channel))`.
   */
  subscribe(
    channel: Channel,
    listener?: SubscriptionListener | ((message: VehiclesMessage) => void),
    { name = `~${this.#names++}`, maxRateHz }: SubscriptionOptions = {},
  ): Subscription {
    const heard = typeof listener === "function" ? { onVehicles: listener } : listener;
    return new Subscription(this.#connection, name, channel, heard, maxRateHz, this.#subscriptions);
  }

  /** Goes online, and stays so over all reconnects until `stop`. Replaces the `drive` before. */
  drive(vehicle: VehicleInfo, options: DrivingOptions = {}): Driving {
    this.#driving?.end();
    const goOffline = () => this.#ask({ type: "go_offline" });
    this.#driving = new Driving(this.#connection, vehicle, options, goOffline);
    return this.#driving;
  }

  /** Without `idempotency_key` one is made: then each call is another wish. */
  async requestRide(wish: {
    pickup: Place;
    dropoff: Place;
    vehicle_class?: VehicleClass;
    idempotency_key?: string;
  }): Promise<Ride> {
    return this.#askRide({ type: "request_ride", idempotency_key: newKey(), ...wish });
  }

  cancelRide(ride_id: RideId, reason?: string): Promise<Ride> {
    return this.#askRide({ type: "cancel_ride", ride_id, ...(reason && { reason }) });
  }

  acceptOffer(offer_id: OfferId): Promise<Ride> {
    return this.#askRide({ type: "accept_offer", offer_id });
  }

  async declineOffer(offer_id: OfferId): Promise<void> {
    await this.#ask({ type: "decline_offer", offer_id });
  }

  /** `force`: believe the driver, wherever the vehicle is. */
  arrive(ride_id: RideId, options: { force?: boolean } = {}): Promise<Ride> {
    return this.#askRide({ type: "arrive", ride_id, ...options });
  }

  startRide(ride_id: RideId): Promise<Ride> {
    return this.#askRide({ type: "start_ride", ride_id });
  }

  completeRide(ride_id: RideId): Promise<Ride> {
    return this.#askRide({ type: "complete_ride", ride_id });
  }

  /** Sent once: it takes the ride from whoever has it when it arrives. */
  async reassignRide(ride_id: RideId): Promise<Ride> {
    return theRide(await this.request({ type: "reassign_ride", ride_id }));
  }

  /** The message's number. */
  async sendChat(
    ride_id: RideId,
    message: { text: string } | { quick: QuickReply },
    { idempotency_key = newKey() } = {},
  ): Promise<number> {
    const ok = await this.#ask({ type: "send_chat", ride_id, idempotency_key, ...message });
    return ok.number ?? 0;
  }

  /** The person has seen the messages up to this number. */
  async readChat(ride_id: RideId, number: number): Promise<void> {
    await this.#ask({ type: "read_chat", ride_id, number });
  }

  /** Any request, once, in this session. Rejects with `ServiceError` or `ConnectionLost`. */
  request(message: ClientMessage): Promise<Ok> {
    return this.#connection.request(message);
  }

  async #askRide(message: ClientMessage): Promise<Ride> {
    return theRide(await this.#ask(message));
  }

  async #ask(message: ClientMessage): Promise<Ok> {
    const untilMs = Date.now() + (this.#options.patienceMs ?? PATIENCE_MS);
    return persist(
      untilMs,
      async () => {
        await this.#live(untilMs);
        return this.request(message);
      },
      () => this.state.kind === "stopped",
    );
  }

  /** Until there is a session, or there will be none. */
  #live(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        forget();
        resolve();
      };
      const check = () => {
        const { kind } = this.state;
        if (kind === "live" || kind === "stopped") end();
      };
      const timer = setTimeout(end, untilMs - Date.now());
      const forget = this.onState(check);
      check();
    });
  }

  #received(message: ServerMessage | Frame): void {
    if (!("type" in message)) {
      this.#subscriptions.get(message.subscription)?.frame(message);
      return;
    }
    switch (message.type) {
      case "welcome":
        this.#welcome(message);
        break;
      case "inbox":
        this.#place(message, true);
        break;
      case "event":
        this.#inbox.take(message, () => {
          this.#options.onEvent?.(message.event, message.at_ms, message.offset);
        });
        break;
      case "progress":
        this.#options.onProgress?.(message);
        break;
      case "vehicles":
      case "density":
        this.#subscriptions.get(message.subscription)?.message(message);
        break;
    }
  }

  #welcome(welcome: Welcome): void {
    // The page before this one has known a session too.
    const before = this.user !== undefined || this.#inbox.resume !== undefined;
    const { user, role, epoch, offset, recovered } = welcome;
    this.user = { id: user, role };
    this.#driving?.renew();
    for (const subscription of this.#subscriptions.values()) subscription.renew();
    if (epoch === undefined || offset === undefined) return;
    this.#place({ epoch, offset, ...(recovered && { recovered }) }, before);
  }

  /** @param before whether there was a time, in this session or one before it, whose events would be missed */
  #place(place: InboxPlace, before: boolean): void {
    this.#inbox.begin(place);
    if (before && !place.recovered) this.#options.onLost?.();
  }
}

/** Of a reply that has one, by the protocol. */
function theRide({ ride }: Ok): Ride {
  return ride as Ride;
}

/** 128 random bits; `crypto.randomUUID` is not there on pages without TLS. */
function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
