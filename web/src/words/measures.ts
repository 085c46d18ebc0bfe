import { dateFormat } from "./formats.ts";
import { number } from "./phrases.ts";
import { say } from "./say.ts";

/** `4 s`, `3 min`, `1 h 52 min`, `3 days`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return say("seconds", { n: seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return say("minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return say("hours", { hours, minutes: minutes % 60 });
  return say("days", { n: Math.round(hours / 24) });
}

/** `80 m`, `2.4 km`. */
export function distance(metres: number): string {
  if (metres < 950) return say("metres", { n: Math.round(metres / 10) * 10 });
  return say("kilometres", { n: number(metres / 1000, { maximumFractionDigits: 1 }) });
}

/** From m/s. */
export function kmh(speed: number): string {
  return say("kmh", { n: Math.round(speed * 3.6) });
}

/** The time of day, hours and minutes; with seconds where they count. */
export function clock(atMs: number, seconds = false): string {
  return dateFormat({ timeStyle: seconds ? "medium" : "short" }).format(atMs);
}

/** The time of day; with the day where that is not today's. */
export function moment(atMs: number, nowMs = Date.now()): string {
  const day = dateFormat({ day: "numeric", month: "short" });
  if (day.format(atMs) === day.format(nowMs)) return clock(atMs);
  return `${day.format(atMs)}, ${clock(atMs)}`;
}
