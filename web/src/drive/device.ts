import type { Fix } from "./fix.ts";

/** Why the device does not say where it is. */
export type Trouble = "insecure" | "missing" | "denied" | "unavailable" | "slow";

/** A standing phone may tell nothing new for long; after this it is asked, ms: a silent vehicle gets no offers. */
const ASK_AFTER_MS = 5_000;
const TIMEOUT_MS = 20_000;

export interface DeviceListener {
  onFix(fix: Fix): void;
  onTrouble(trouble: Trouble): void;
}

/** Listens to the device's own position until the returned function is called. */
export function watchDevice({ onFix, onTrouble }: DeviceListener): () => void {
  // Asked for in plain HTTP, browsers say "denied", which the person could not mend.
  if (!globalThis.isSecureContext) {
    onTrouble("insecure");
    return () => {};
  }
  const { geolocation } = navigator;
  if (!geolocation) {
    onTrouble("missing");
    return () => {};
  }
  let stopped = false;
  let newestMs = Number.NEGATIVE_INFINITY;
  let heardMs = performance.now();
  const take = (fix: Fix) => {
    // The same one again, out of the browser's cache.
    if (stopped || fix.timestamp <= newestMs) return;
    newestMs = fix.timestamp;
    heardMs = performance.now();
    onFix(fix);
  };
  const fail = (error: GeolocationPositionError) => {
    if (!stopped) onTrouble(troubleOf(error.code));
  };
  const options = { enableHighAccuracy: true, maximumAge: 0, timeout: TIMEOUT_MS };
  const watch = geolocation.watchPosition(take, fail, options);
  const timer = setInterval(() => {
    if (performance.now() - heardMs < ASK_AFTER_MS) return;
    heardMs = performance.now();
    geolocation.getCurrentPosition(take, fail, options);
  }, 1_000);
  return () => {
    stopped = true;
    geolocation.clearWatch(watch);
    clearInterval(timer);
  };
}

/** By `GeolocationPositionError.code`. */
export function troubleOf(code: number): Trouble {
  if (code === 1) return "denied";
  return code === 3 ? "slow" : "unavailable";
}
