// What the rider's panels show beside the ride itself.
import { signal } from "@preact/signals";
import type { ConnectionState, VehicleUpdate } from "../../sdk/index.ts";

/** What is to be said, in the language of the moment. */
export type Words = () => string;

export const connection = signal<ConnectionState>({ kind: "connecting", again: false });
/** `Date.now()`, every second. */
export const nowMs = signal(Date.now());
/** The service's clock at that moment. */
export const serviceNowMs = signal(Date.now());
/** The newest of the ride's vehicle; nothing: it is not heard. */
export const vehicle = signal<VehicleUpdate | undefined>(undefined);
/** How many free vehicles are shown. */
export const freeNear = signal(0);
/** A request that is under way. */
export const busy = signal<"request" | "cancel" | "share" | undefined>(undefined);
/** Why the last request was not carried out. */
export const trouble = signal<Words | undefined>(undefined);
/** The vehicle has come within sight of this end of the ride. */
export const near = signal<{ ride_id: string; end: "pickup" | "dropoff" } | undefined>(undefined);
