// What only the operator's face says, from plain values. Pure.
import type { Ride, RideCount, RideState } from "../../../sdk/index.ts";
import { phrases } from "../../words/index.ts";
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

/** What the vehicle is doing for a ride that it drives. */
export function rideWords({ state }: Ride): string {
  if (state === "arrived") return tell("at_the_pickup");
  return tell(state === "in_progress" ? "on_board" : "to_the_pickup");
}

/** When the vehicle should be there, ms since the Unix epoch. Absent: it is there, or nobody knows. */
export function expectedAtMs({ state, eta }: Ride): number | undefined {
  if (!eta || state === "arrived") return undefined;
  return eta.at_ms + eta.seconds * 1000;
}
