import { backoffMs } from "./backoff.ts";
import {
  type Bye,
  CloseCode,
  type Progress,
  type Ride,
  type VehicleUpdate,
} from "./protocol.gen.ts";

export interface ShareListener {
  /** At first, and after each change. */
  onRide?(ride: Ride): void;
  onVehicle?(vehicle: VehicleUpdate): void;
  onProgress?(progress: Progress): void;
  /** The ride or its link is over, or never was. Nothing follows. */
  onEnd?(reason: string): void;
  onState?(state: "connecting" | "live" | "waiting" | "ended"): void;
}

/**
 * Follows a shared ride, without a login, until it or its link is over.
 *
 * @param baseUrl of the service, with a slash at the end
 */
export function watchShare(baseUrl: string | URL, shareToken: string, listener: ShareListener) {
  const ride = new URL(`v1/share/${encodeURIComponent(shareToken)}`, baseUrl).href;
  /** Nothing: closed for good. */
  let events: EventSource | undefined;
  let attempt = 0;
  /** A longer silence is a dead line; until a heartbeat says how often they come, for ever. */
  let silenceMs = 1e9;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Instead of what was to come. */
  const after = (next: () => void, ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(next, ms);
  };
  const heard = () => after(wait, silenceMs);
  const close = () => {
    clearTimeout(timer);
    events?.close();
    events = undefined;
    globalThis.removeEventListener?.("online", open);
  };
  const end = (reason: string) => {
    close();
    listener.onState?.("ended");
    listener.onEnd?.(reason);
  };
  const wait = () => {
    events?.close();
    listener.onState?.("waiting");
    after(open, backoffMs(attempt++));
  };

  function open() {
    heard();
    events?.close();
    listener.onState?.("connecting");
    const mine = new EventSource(`${ride}/events`);
    events = mine;
    const on = <T>(name: string, call?: (message: T) => void) =>
      mine.addEventListener(name, (event) => {
        const message = JSON.parse(event.data);
        silenceMs = message.heartbeat_ms * 2.5 || silenceMs;
        heard();
        call?.(message);
      });
    mine.onopen = () => {
      attempt = 0;
      listener.onState?.("live");
    };
    on<Ride>("ride", listener.onRide);
    on<VehicleUpdate>("vehicle", listener.onVehicle);
    on<Progress>("progress", listener.onProgress);
    on("heartbeat");
    on<Bye>("bye", ({ code, reason }) => (code === CloseCode.Over ? end(reason) : wait()));
    /** A browser comes back by itself, but not after an answer that is no stream. */
    mine.onerror = async () => {
      listener.onState?.("connecting");
      if (mine.readyState < mine.CLOSED) return;
      const answer = await fetch(ride, { cache: "no-store" }).catch(() => null);
      if (mine !== events) return;
      if (answer?.status === 404) end("there is no such link");
      else wait();
    };
  }

  globalThis.addEventListener?.("online", open);
  open();
  return { close };
}
