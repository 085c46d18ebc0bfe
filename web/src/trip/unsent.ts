import type { QuickReply, RideId } from "../../sdk/index.ts";
import { type Check, flag, listOf, number, orAbsent, record, text } from "../service/checks.ts";
import { keep, recall } from "../service/kept.ts";

export type ChatBody = { text: string } | { quick: QuickReply };

/** An own message that is not among what was said yet. */
export interface Pending {
  /** The same however often it is sent: it is one message. */
  key: string;
  body: ChatBody;
  /** The newest message that was known when it was written: it is none of those. */
  after: number;
  /** As soon as the service has said so. */
  number?: number;
  failed: boolean;
}

interface Kept {
  ride_id: RideId;
  driver_id?: string | undefined;
  messages: Pending[];
}

/** Nobody writes more while there is no connection; the newest are kept. */
const MOST = 50;

const spoken = record<{ text: string }>({ text });
const ready = record<{ quick: QuickReply }>({ quick: text });
const body: Check<ChatBody> = (value) => spoken(value) || ready(value);
const kept = record<Kept>({
  ride_id: text,
  driver_id: orAbsent(text),
  messages: listOf(
    record<Omit<Pending, "number">>({ key: text, body, after: number, failed: flag }),
  ),
});

/** What this tab keeps of messages that are not sent, so that a reload does not lose them. */
export class Unsent {
  private readonly name: string;

  constructor(me: "rider" | "driver") {
    this.name = `chat.${me}`;
  }

  /** Those that were written to this driver, or by them, on this ride. */
  of(rideId: RideId, driverId: string | undefined): Pending[] {
    const found = recall("tab", this.name, kept);
    const same = found?.ride_id === rideId && found.driver_id === driverId;
    return same ? found.messages : [];
  }

  /** Keeps these in place of what was kept. */
  keep(rideId: RideId, driverId: string | undefined, pending: readonly Pending[]): void {
    const messages = pending.filter((one) => one.number === undefined).slice(-MOST);
    const now: Kept = { ride_id: rideId, driver_id: driverId, messages };
    keep("tab", this.name, messages.length > 0 ? now : null);
  }

  forget(): void {
    keep("tab", this.name, null);
  }
}
