// What the page says, from plain values. Pure.
import type { ConnectionState, Ride, RideCount, RideState } from "../sdk/index.ts";

/** How good the news is: for the colour beside the words. */
export type Mood = "good" | "waiting" | "bad";

export interface Freshness {
  /** When the last vehicles arrived, ms; null: none yet. */
  dataAtMs: number | null;
  /** Longer than this without any is a silence worth telling, ms; may be infinite. */
  silenceMs: number;
}

/** The state of the connection in words, with the seconds that count. */
export function connectionWords(
  state: ConnectionState,
  freshness: Freshness,
  nowMs: number,
): { text: string; mood: Mood } {
  const silentMs = freshness.dataAtMs === null ? 0 : nowMs - freshness.dataAtMs;
  const old = silentMs >= freshness.silenceMs;
  const data = `Data ${duration(silentMs)} old`;
  const also = old ? ` · ${data}` : "";
  switch (state.kind) {
    case "connecting":
      return { text: state.again ? `Reconnecting…${also}` : "Connecting…", mood: "waiting" };
    case "live":
      return old ? { text: data, mood: "waiting" } : { text: "Live", mood: "good" };
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1000));
      const verb = state.again ? "Reconnecting" : "Connecting";
      const when = seconds > 0 ? `${verb} in ${seconds} s` : `${verb}…`;
      return { text: when + also, mood: "bad" };
    }
    case "stopped":
      return { text: `Not connected: ${state.reason || `closed (${state.code})`}`, mood: "bad" };
  }
}

/** The same without anything that changes by the second: to be read aloud. */
export function connectionNews(state: ConnectionState): string {
  switch (state.kind) {
    case "connecting":
    case "waiting":
      return state.again ? "Reconnecting" : "Connecting";
    case "live":
      return "Live";
    case "stopped":
      return "Not connected";
  }
}

/** `4 s`, `3 min`, `1 h 52 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

/** Eight winds. */
export function compass(bearing: number): string {
  const winds = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
  return winds[Math.round((((bearing % 360) + 360) % 360) / 45) % 8] ?? "";
}

export function kmh(speed: number): string {
  return `${Math.round(speed * 3.6)} km/h`;
}

const TOTALS: readonly (readonly [word: string, states: readonly RideState[]])[] = [
  ["looking", ["requested", "offered"]],
  ["on the way", ["accepted", "arrived"]],
  ["on board", ["in_progress"]],
  ["done", ["completed"]],
];

/** How many rides have come how far. Empty: there never was one. */
export function rideTotals(counts: RideCount[]): { word: string; rides: number }[] {
  if (counts.every(({ rides }) => rides === 0)) return [];
  return TOTALS.map(([word, states]) => {
    const these = counts.filter(({ state }) => states.includes(state));
    return { word, rides: these.reduce((sum, { rides }) => sum + rides, 0) };
  });
}

/** What the vehicle is doing for a ride that it drives. */
export function rideWords({ state }: Ride): string {
  if (state === "arrived") return "at the pickup";
  return state === "in_progress" ? "on board" : "to the pickup";
}

/** When the vehicle should be there, ms since the Unix epoch. Absent: it is there, or nobody knows. */
export function expectedAtMs({ state, eta }: Ride): number | undefined {
  if (!eta || state === "arrived") return undefined;
  return eta.at_ms + eta.seconds * 1000;
}
