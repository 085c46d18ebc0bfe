// What only the operator's face says, from plain values. Pure.
import { type Ride, type RideCount, type RideState, ServiceError } from "../../../sdk/index.ts";
import { clock, phrases } from "../../words/index.ts";
import { ar } from "./ar.ts";
import { en } from "./en.ts";
import { ru } from "./ru.ts";

export const tell = phrases(en, { ru, ar });

const WINDS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;

/** Eight winds. */
export function compass(bearing: number): string {
  const wind = WINDS[Math.round((((bearing % 360) + 360) % 360) / 45) % 8] ?? "N";
  return tell(wind);
}

const TOTALS: readonly (readonly [word: keyof typeof en, states: readonly RideState[]])[] = [
  ["looking", ["requested", "offered"]],
  ["on_the_way", ["accepted", "arrived"]],
  ["on_board", ["in_progress"]],
  ["done", ["completed"]],
];

/** How many rides have come how far. Empty: there never was one. */
export function rideTotals(counts: RideCount[]): { word: string; rides: number }[] {
  if (counts.every(({ rides }) => rides === 0)) return [];
  return TOTALS.map(([word, states]) => {
    const these = counts.filter(({ state }) => states.includes(state));
    return { word: tell(word), rides: these.reduce((sum, { rides }) => sum + rides, 0) };
  });
}

const MOVING: readonly RideState[] = ["accepted", "in_progress"];
const STATES: Record<RideState, keyof typeof en> = {
  requested: "looking_for",
  offered: "offered_now",
  accepted: "to_the_pickup",
  arrived: "at_the_pickup",
  in_progress: "on_board",
  completed: "is_completed",
  cancelled: "is_cancelled",
  expired: "is_expired",
};

/** How far a ride has come; of one that is driven, what its vehicle is doing. */
export function rideWords({ state }: Ride): string {
  return tell(STATES[state]);
}

/** The same, and when that should be done. */
export function rideWordsWithTime(ride: Ride): string {
  const doing = rideWords(ride);
  const atMs = expectedAtMs(ride);
  if (atMs === undefined) return doing;
  const time = clock(atMs);
  return tell(ride.state === "in_progress" ? "dropoff_about" : "there_about", { doing, time });
}

/** Why something that was asked for did not happen. */
export function errorWords(error: unknown): string {
  if (!(error instanceof ServiceError)) return tell("e_no_answer");
  const key = `e_${error.body.code}`;
  return Object.hasOwn(en, key) ? tell(key as keyof typeof en) : error.message;
}

/** When the vehicle should be there, ms since the Unix epoch. Absent: it is there, or nobody knows. */
export function expectedAtMs({ state, eta }: Ride): number | undefined {
  if (!eta || !MOVING.includes(state)) return undefined;
  return eta.at_ms + eta.seconds * 1000;
}
