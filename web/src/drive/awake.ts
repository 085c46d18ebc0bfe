import { awake, hiddenForMs, sending } from "./state.ts";

/** A shorter silence is no news, ms: after it the service calls a vehicle silent. */
const SILENCE_MS = 15_000;

/**
 * Keeps the screen on while the driver works, and tells afterwards for how
 * long nothing was sent: no browser lets a hidden page go on for sure.
 */
export class Awake {
  private wanted = false;
  private lock: WakeLockSentinel | undefined;
  private hiddenAtMs: number | undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => this.visibility());
  }

  hold(): void {
    if (this.wanted) return;
    this.wanted = true;
    void this.take();
  }

  release(): void {
    this.wanted = false;
    awake.value = null;
    hiddenForMs.value = null;
    void this.lock?.release();
    this.lock = undefined;
  }

  private visibility(): void {
    if (document.visibilityState === "hidden") {
      this.hiddenAtMs = Date.now();
      return;
    }
    if (!this.wanted) return;
    const silentMs = silenceMs(this.hiddenAtMs, sending.value.sentAtMs, Date.now());
    if (silentMs > SILENCE_MS) hiddenForMs.value = silentMs;
    this.hiddenAtMs = undefined;
    // The browser took it when the page was hidden.
    void this.take();
  }

  private async take(): Promise<void> {
    if (document.visibilityState === "hidden") return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      if (!this.wanted) return void lock.release();
      this.lock = lock;
      // The browser takes it when the battery is low, too.
      lock.onrelease = () => {
        if (this.lock === lock) awake.value = false;
      };
      awake.value = true;
    } catch {
      // No such thing in this browser, or the battery is low.
      if (this.wanted) awake.value = false;
    }
  }
}

/** How long nothing was sent while the page was hidden, until now, ms. */
export function silenceMs(
  hiddenAtMs: number | undefined,
  sentAtMs: number | undefined,
  nowMs: number,
): number {
  if (hiddenAtMs === undefined) return 0;
  return nowMs - Math.max(hiddenAtMs, sentAtMs ?? 0);
}
