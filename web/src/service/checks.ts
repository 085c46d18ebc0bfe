// Whether what a browser has kept is what the page once gave it: a person, another program or an
// older page may have written there.
import type { Place } from "../../sdk/index.ts";

export type Check<T> = (value: unknown) => value is T;

export const text: Check<string> = (value) => typeof value === "string";
export const number: Check<number> = (value): value is number =>
  typeof value === "number" && Number.isFinite(value);
export const flag: Check<boolean> = (value) => typeof value === "boolean";
const nothing: Check<null> = (value) => value === null;

/** One of these and nothing else. */
export function oneOf<const T>(...known: readonly T[]): Check<T> {
  return (value): value is T => known.some((one) => one === value);
}

export function orNull<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => nothing(value) || check(value);
}

export function orAbsent<T>(check: Check<T>): Check<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}

export function listOf<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check);
}

/** An object with these fields; more are passed over. */
export function record<T extends object>(
  fields: Record<keyof T, (value: unknown) => boolean>,
): Check<T> {
  const all = Object.entries<(value: unknown) => boolean>(fields);
  return (value): value is T =>
    typeof value === "object" &&
    value !== null &&
    all.every(([name, check]) => check((value as Record<string, unknown>)[name]));
}

export const place = record<Place>({
  latitude: (value) => number(value) && Math.abs(value) <= 90,
  longitude: (value) => number(value) && Math.abs(value) <= 180,
  address: orAbsent(text),
});
