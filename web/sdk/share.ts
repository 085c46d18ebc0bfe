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
  let events: EventSource;
  let attempt = 0;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const close = () => {
    closed = true;
    clearTimeout(timer);
    events.close();
    globalThis.removeEventListener?.("online", open);
  };
  const end = (reason: string) => {
    close();
    listener.onState?.("ended");
    listener.onEnd?.(reason);
  };
  const wait = () => {
    events.close();
    listener.onState?.("waiting");
    timer = setTimeout(open, backoffMs(attempt++, Math.random()));
  };

  function open() {
    clearTimeout(timer);
    events?.close();
    listener.onState?.("connecting");
    events = new EventSource(`${ride}/events`);
    const on = <T>(name: string, call: ((message: T) => void) | undefined) =>
      events.addEventListener(name, (event) => call?.(JSON.parse(event.data)));
    events.onopen = () => {
      attempt = 0;
      listener.onState?.("live");
    };
    on<Ride>("ride", listener.onRide);
    on<VehicleUpdate>("vehicle", listener.onVehicle);
    on<Progress>("progress", listener.onProgress);
    on<Bye>("bye", ({ code, reason }) => (code === CloseCode.Over ? end(reason) : wait()));
    events.onerror = lost;
  }

  /** A browser comes back by itself, but not after an answer that is no stream. */
  async function lost() {
    const mine = events;
    if (mine.readyState !== mine.CLOSED) return listener.onState?.("connecting");
    const status = await fetch(ride, { cache: "no-store" }).then(
      (response) => response.status,
      () => 0,
    );
    if (closed || mine !== events) return;
    if (status === 404) end("there is no such link");
    else wait();
  }

  globalThis.addEventListener?.("online", open);
  open();
  return { close };
}
