// What the page keeps in this browser, all of it. Storage may be blocked, when
// even a look at it throws; it may be full; and anything may stand there.
import { type Signal, signal } from "@preact/signals";
import type { Check } from "./checks.ts";

/** For how long: until the tab is closed, or over all tabs of this browser. */
export type Where = "tab" | "browser";

/** What the browser would not take, by its key: it lasts as long as the page. */
const untaken = new Map<string, string>();

/** What was kept by this name; nothing: nothing that passes the check. */
export function recall<T>(where: Where, name: string, check: Check<T>): T | undefined {
  const key = keyOf(name);
  try {
    const value: unknown = JSON.parse(untaken.get(key) ?? storage(where).getItem(key) ?? "null");
    return check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value; null: keeps none. */
export function keep(where: Where, name: string, value: unknown): void {
  const key = keyOf(name);
  const text = JSON.stringify(value);
  try {
    if (value === null) storage(where).removeItem(key);
    else storage(where).setItem(key, text);
    untaken.delete(key);
  } catch {
    untaken.set(key, text);
  }
}

/** A signal whose value outlives the page, in all tabs of this browser. */
export function kept<T>(name: string, first: T, check: Check<T>): Signal<T> {
  const result = signal(recall("browser", name, check) ?? first);
  result.subscribe((value) => keep("browser", name, value));
  return result;
}

/** Calls when another tab has kept something by this name. */
export function onKept(name: string, call: () => void): void {
  addEventListener("storage", ({ key }) => {
    if (key === keyOf(name)) call();
  });
}

function storage(where: Where): Storage {
  return where === "tab" ? sessionStorage : localStorage;
}

function keyOf(name: string): string {
  return `ridecast.${name}`;
}
