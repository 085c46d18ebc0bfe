import { effect } from "@preact/signals";
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
  private readonly silence = new Silence();

  constructor() {
    document.addEventListener("visibilitychange", () => this.visibility());
    // A page that wakes may send before it hears that it is seen again.
    effect(() => this.silence.sent(sending.value.sentAtMs ?? 0));
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
      this.silence.begin(Date.now());
      return;
    }
    const silentMs = this.silence.end(Date.now());
    if (!this.wanted) return;
    if (silentMs > SILENCE_MS) hiddenForMs.value = silentMs;
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

/** The longest time without a position while the page was hidden. Pure; the clock is the caller's, ms. */
export class Silence {
  private fromMs: number | undefined;
  private longestMs = 0;

  begin(nowMs: number): void {
    this.fromMs = nowMs;
    this.longestMs = 0;
  }

  sent(atMs: number): void {
    if (this.fromMs === undefined || atMs <= this.fromMs) return;
    this.longestMs = Math.max(this.longestMs, atMs - this.fromMs);
    this.fromMs = atMs;
  }

  end(nowMs: number): number {
    if (this.fromMs === undefined) return 0;
    this.sent(nowMs);
    this.fromMs = undefined;
    return this.longestMs;
  }
}
