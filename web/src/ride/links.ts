import { signal } from "@preact/signals";
import type { RideId, ShareLink } from "../../sdk/index.ts";
import { number, record, text } from "../service/checks.ts";
import { keep, onKept, recall } from "../service/kept.ts";

const NAME = "share";

interface Kept extends ShareLink {
  ride_id: RideId;
}
const link = record<Kept>({ ride_id: text, token: text, expires_at_ms: number });

/**
 * The link that shares the ride. The service does not list links, so this
 * browser remembers the one it made, for all its tabs.
 */
export class Links {
  readonly link = signal<Kept | undefined>(read());

  constructor() {
    onKept(NAME, () => {
      this.link.value = read();
    });
  }

  /** The link of this ride, if it has one that works still. */
  of(rideId: RideId, nowMs: number): Kept | undefined {
    const link = this.link.value;
    return link?.ride_id === rideId && link.expires_at_ms > nowMs ? link : undefined;
  }

  keep(rideId: RideId, link: ShareLink): void {
    this.link.value = { ride_id: rideId, ...link };
    keep("browser", NAME, this.link.value);
  }

  forget(): void {
    this.link.value = undefined;
    keep("browser", NAME, null);
  }
}

/** The address that the other person opens. */
export function addressOf({ token }: ShareLink): string {
  return new URL(`s/${encodeURIComponent(token)}`, document.baseURI).href;
}

function read(): Kept | undefined {
  return recall("browser", NAME, link);
}
