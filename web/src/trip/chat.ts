import { computed, signal } from "@preact/signals";
import type {
  ChatMessage,
  ChatPage,
  Event,
  Party,
  QuickReply,
  Receipt,
  Ride,
  RideId,
} from "../../sdk/index.ts";
import { isOver } from "../fleet/ride-book.ts";
import { newKey } from "../service/key.ts";
import { type ChatBody, type Pending, Unsent } from "./unsent.ts";

/** One message as it is shown. */
export interface ChatLine {
  /** Stays the same from the first click to the receipt. */
  key: string;
  mine: boolean;
  text?: string | undefined;
  quick?: QuickReply | undefined;
  /** Absent: on its way. */
  at_ms?: number | undefined;
  /** How far an own one has come; of the other side's it is `sent`. */
  state: "sending" | "failed" | "sent" | "delivered" | "read";
}

export interface ChatOptions {
  /** Which side this is. */
  me: Extract<Party, "rider" | "driver">;
  /** Gives the message's number. Rejects when it was refused or did not get through in time. */
  send(rideId: RideId, body: ChatBody, idempotencyKey: string): Promise<number>;
  /** The person has seen the other side's messages up to this one. */
  read(rideId: RideId, number: number): Promise<unknown>;
  /** What was said before. */
  load(rideId: RideId): Promise<ChatPage>;
}

/** How far each side has got with what the other said. */
type Marks = Record<"delivered" | "read", number>;
const NONE: Marks = { delivered: 0, read: 0 };

/** What rider and driver of one ride say to each other. */
export class Chat {
  /** Whether it is before the person's eyes. */
  readonly open = signal(false);
  private rideId: RideId | undefined;
  private driverId: string | undefined;
  private over = false;
  private readonly unsent: Unsent;
  private readonly said = signal<ReadonlyMap<number, ChatMessage>>(new Map());
  private readonly pending = signal<readonly Pending[]>([]);
  /** Keys of own messages by number: an own one keeps its key when it arrives. */
  private keys = new Map<number, string>();
  private readonly theirs = signal(NONE);
  private readonly mine = signal(NONE);

  constructor(private readonly options: ChatOptions) {
    this.unsent = new Unsent(options.me);
  }

  readonly lines = computed((): ChatLine[] => {
    const said = [...this.said.value.values()].sort((a, b) => a.number - b.number);
    const underWay = this.pending.value.filter(
      ({ number }) => number === undefined || !this.said.value.has(number),
    );
    return [...said.map((message) => this.line(message)), ...underWay.map(pendingLine)];
  });

  /** How many of the other side's the person has not seen. */
  readonly unread = computed(
    () =>
      [...this.said.value.values()].filter(
        ({ from, number }) => from !== this.options.me && number > this.mine.value.read,
      ).length,
  );

  /** The ride that is talked about; another one, or another driver, begins anew. */
  follow(ride: Ride | undefined): void {
    const looking = ride?.state === "requested" || ride?.state === "offered";
    // After its end the ride does not name the driver any more, and the talk goes on for a while.
    const before = ride?.ride_id === this.rideId ? this.driverId : undefined;
    const driverId = looking ? undefined : (ride?.driver?.id ?? before);
    this.over = ride !== undefined && isOver(ride);
    if (this.over) this.unsent.forget();
    if (ride?.ride_id === this.rideId && driverId === this.driverId) return;
    this.rideId = ride?.ride_id;
    this.driverId = driverId;
    this.clear();
    if (ride && !looking) {
      this.restore(ride.ride_id);
      void this.reload();
    } else {
      this.unsent.forget();
    }
  }

  event(event: Event): void {
    if (event.kind === "chat" && event.ride_id === this.rideId) this.take([event]);
    if (event.kind === "receipt" && event.ride_id === this.rideId) this.mark(event);
  }

  /** Events were lost, or the page was just opened. What cannot be had now comes at the next opening. */
  async reload(): Promise<void> {
    const { rideId, driverId } = this;
    if (rideId === undefined) return;
    const page = await this.options.load(rideId).catch(() => undefined);
    if (!page || rideId !== this.rideId || driverId !== this.driverId) return;
    this.take(page.messages);
    for (const receipt of page.receipts) this.mark(receipt);
  }

  send(body: ChatBody): void {
    const after = Math.max(0, ...this.said.peek().keys());
    void this.deliver({ key: newKey(), body, after, failed: false });
  }

  /** Once more, under the same key: it is the same message however often it got through. */
  again(key: string): void {
    const failed = this.pending.peek().find((pending) => pending.key === key && pending.failed);
    if (failed) void this.deliver({ ...failed, failed: false });
  }

  /** The person opens it or puts it away. */
  show(open: boolean): void {
    this.open.value = open;
    if (open) this.look();
    if (open && this.said.peek().size === 0) void this.reload();
  }

  /** The person sees the newest now: it came while the chat was open, or the page is looked at again. */
  look(): void {
    const { rideId } = this;
    if (!this.open.peek() || document.hidden || rideId === undefined) return;
    const theirs = [...this.said.peek().values()].filter(({ from }) => from !== this.options.me);
    const newest = Math.max(0, ...theirs.map(({ number }) => number));
    const before = this.mine.peek();
    if (newest <= before.read) return;
    this.mine.value = { ...before, read: newest };
    // Not told, it counts as unread after a reload: no harm.
    this.options.read(rideId, newest).catch(() => {});
  }

  private async deliver(message: Pending): Promise<void> {
    const { rideId } = this;
    if (rideId === undefined) return;
    this.put(message);
    try {
      const number = await this.options.send(rideId, message.body, message.key);
      if (rideId !== this.rideId || !this.find(message.key)) return;
      // Its event came first, or seemed to.
      for (const [other, key] of this.keys) if (key === message.key) this.keys.delete(other);
      this.keys.set(number, message.key);
      this.put({ ...message, number });
    } catch {
      const now = rideId === this.rideId ? this.find(message.key) : undefined;
      if (now && now.number === undefined) this.put({ ...now, failed: true });
    }
  }

  /** What the page before this one could not send goes out; what had failed waits for the person. */
  private restore(rideId: RideId): void {
    if (this.over) return;
    const before = this.unsent.of(rideId, this.driverId);
    this.pending.value = before;
    this.keep();
    for (const message of before) if (!message.failed) void this.deliver(message);
  }

  private keep(): void {
    if (this.rideId === undefined || this.over) return;
    this.unsent.keep(this.rideId, this.driverId, this.pending.peek());
  }

  private find(key: string): Pending | undefined {
    return this.pending.peek().find((pending) => pending.key === key);
  }

  private put(message: Pending): void {
    const rest = this.pending.peek();
    this.pending.value = this.find(message.key)
      ? rest.map((pending) => (pending.key === message.key ? message : pending))
      : [...rest, message];
    this.keep();
  }

  private take(messages: ChatMessage[]): void {
    const said = new Map(this.said.peek());
    for (const message of messages) {
      said.set(message.number, message);
      if (message.from === this.options.me) this.arrived(message);
    }
    this.said.value = said;
    this.look();
  }

  /** An own one came by the inbox, perhaps before the reply that says its number. */
  private arrived({ number, text, quick }: ChatMessage): void {
    if (this.keys.has(number)) return;
    const same = ({ body, ...pending }: Pending) =>
      pending.number === undefined &&
      number > pending.after &&
      ("text" in body ? body.text === text : body.quick === quick);
    const pending = this.pending.peek().find(same);
    if (!pending) return;
    this.keys.set(number, pending.key);
    this.put({ ...pending, number });
  }

  private mark({ by, delivered, read }: Receipt): void {
    const marks = by === this.options.me ? this.mine : this.theirs;
    const before = marks.peek();
    marks.value = {
      delivered: Math.max(before.delivered, delivered),
      read: Math.max(before.read, read),
    };
  }

  private line({ number, from, text, quick, at_ms }: ChatMessage): ChatLine {
    const mine = from === this.options.me;
    const { delivered, read } = this.theirs.value;
    const heard = number <= read ? "read" : number <= delivered ? "delivered" : "sent";
    const key = this.keys.get(number) ?? String(number);
    return { key, mine, text, quick, at_ms, state: mine ? heard : "sent" };
  }

  private clear(): void {
    this.open.value = false;
    this.said.value = new Map();
    this.pending.value = [];
    this.keys = new Map();
    this.theirs.value = NONE;
    this.mine.value = NONE;
  }
}

function pendingLine({ key, body, failed }: Pending): ChatLine {
  return { key, mine: true, ...body, state: failed ? "failed" : "sending" };
}
