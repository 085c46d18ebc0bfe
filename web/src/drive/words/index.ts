// What only the driver's face says, from plain values. Pure.
import {
  ConnectionLost,
  type ErrorCode,
  type Offer,
  type Ride,
  ServiceError,
} from "../../../sdk/index.ts";
import { distance, duration, phrases, say } from "../../words/index.ts";
import type { Trouble } from "../device.ts";
import { stageOf } from "../stage.ts";
import { ar } from "./ar.ts";
import { en } from "./en.ts";
import { ru } from "./ru.ts";

export const tell = phrases(en, { ru, ar });

/** What has become of the positions. */
export interface Sending {
  /** When the newest was sent, ms; undefined: none yet. */
  sentAtMs: number | undefined;
  /** How many wait for the connection. */
  waiting: number;
  /** Why the service did not take the newest one; undefined: it did. */
  refused: ErrorCode | undefined;
  /** Of the newest fix, metres; undefined: not known, or there was none. */
  accuracy: number | undefined;
}

/** A position is sent every few seconds: an age below this is none, ms. */
const JUST_NOW_MS = 4_000;

/** How the sending goes, the most pressing first. */
export function sendingWords(sending: Sending, nowMs: number): string[] {
  const { sentAtMs, waiting, refused, accuracy } = sending;
  const words: string[] = [];
  if (refused) words.push(refusedWords(refused));
  if (sentAtMs === undefined) words.push(tell("never_sent"));
  else if (nowMs - sentAtMs < JUST_NOW_MS) words.push(tell("sent_now"));
  else words.push(tell("sent_ago", { age: duration(nowMs - sentAtMs) }));
  if (waiting > 0) words.push(tell("waiting", { n: waiting }));
  if (accuracy !== undefined) words.push(tell("accurate", { distance: precise(accuracy) }));
  return words;
}

/** To the metre where it counts. */
function precise(metres: number): string {
  if (metres >= 100) return distance(metres);
  return say("metres", { n: Math.max(1, Math.round(metres)) });
}

/** Whole ones, rounded up as the countdown of the ride and the rider's estimate are; never none. */
export function minutes(seconds: number): string {
  return say("minutes", { n: Math.max(1, Math.ceil(seconds / 60)) });
}

export function refusedWords(code: ErrorCode): string {
  const key = `refused_${code}`;
  return known(key) ? tell(key) : tell("refused", { code });
}

export function troubleWords(trouble: Trouble): string {
  return tell(`trouble_${trouble}`);
}

/** What became of a ride that is the driver's no more. */
export function overWords(ride: Ride): { title: string; why?: string } {
  if (ride.state === "completed") return { title: tell("completed") };
  if (ride.cancelled) return { title: tell(`cancelled_${ride.cancelled.by}`) };
  // Given back, by the driver or by the operator: it is looked for another.
  if (ride.search?.setback === "driver_cancelled") return { title: tell("cancelled_driver") };
  const reassigned = ride.search?.setback === "reassigned";
  return { title: tell("taken"), ...(reassigned && { why: tell("taken_why") }) };
}

/** How the work goes on, to be heard: no seconds in it. */
export function newsWords(ride: Ride | null, offer: Offer | undefined): string {
  const stage = ride && stageOf(ride);
  if (stage) return tell(stage.title);
  return offer ? `${tell("offer")}. ${offer.pickup.address ?? ""}` : "";
}

/** Why a request was not carried out. */
export function errorWords(error: unknown): string {
  if (error instanceof ConnectionLost) return tell("error_lost");
  if (!(error instanceof ServiceError)) return tell("error", { code: String(error) });
  const { code } = error.body;
  const key = `error_${code}`;
  return known(key) ? tell(key) : tell("error", { code });
}

function known(key: string): key is keyof typeof en {
  return Object.hasOwn(en, key);
}
