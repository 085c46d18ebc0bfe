import { type Signal, signal } from "@preact/signals";

/** A signal whose value outlives the page, in this browser. */
export function kept<T>(name: string, first: T): Signal<T> {
  const key = `ridecast.${name}`;
  const result = signal(read(key, first));
  result.subscribe((value) => {
    if (value === null) globalThis.localStorage?.removeItem(key);
    else globalThis.localStorage?.setItem(key, JSON.stringify(value));
  });
  return result;
}

function read<T>(key: string, first: T): T {
  const text = globalThis.localStorage?.getItem(key);
  if (text === null || text === undefined) return first;
  try {
    return JSON.parse(text);
  } catch {
    return first;
  }
}
