// What the panels show. The drive writes it, the panels read it.
import { computed, signal } from "@preact/signals";
import type { ConnectionState, Offer, Ride, VehicleInfo } from "../../sdk/index.ts";
import { flag, number, oneOf, orAbsent, orNull, place, record, text } from "../service/checks.ts";
import { kept } from "../service/kept.ts";
import type { Trouble } from "./device.ts";
import { TIMES, type Times } from "./simulator.ts";
import type { Sending } from "./words/index.ts";

/** What is to be said, in the language of the moment; empty: nothing any more. */
export type Words = () => string;

export const connection = signal<ConnectionState>({ kind: "connecting", again: false });
/** `Date.now()`, every second and at each change of the connection. */
export const nowMs = signal(Date.now());
/** The service's clock less our own, ms. */
export const clockOffsetMs = signal(0);
export const serviceNowMs = computed(() => nowMs.value + clockOffsetMs.value);
/** Another device of the same driver has taken over. */
export const replaced = signal(false);

/** What is driven; null: not said yet, the form asks. */
export const vehicle = kept<VehicleInfo | null>(
  "drive.vehicle",
  null,
  orNull(record<VehicleInfo>({ class: text, plate: orAbsent(text), label: orAbsent(text) })),
);
/** Classes to choose from; empty: any text. */
export const classes = signal<string[]>([]);
/** Whether the driver works; so it stays over reloads. */
export const online = kept("drive.online", false, flag);
export const source = kept("drive.source", "device", oneOf("device", "simulated"));
export const times = kept<Times>("drive.times", 1, oneOf(...TIMES));
export const muted = kept("drive.muted", false, flag);

/** Why the device does not say where it is. */
export const trouble = signal<Trouble | null>(null);
export const sending = signal<Sending>({
  sentAtMs: undefined,
  waiting: 0,
  refused: undefined,
  accuracy: undefined,
});
/** Whether the screen is kept on; null: not wanted. */
export const awake = signal<boolean | null>(null);
/** For so long nothing was sent as the page was hidden, ms; null: nothing to tell. */
export const hiddenForMs = signal<number | null>(null);

/** An offer and its time, by the service's clock. */
export interface Offered {
  offer: Offer;
  fromMs: number;
}
const offer = record<Offer>({
  offer_id: text,
  ride_id: text,
  state: text,
  pickup: place,
  dropoff: place,
  vehicle_class: orAbsent(text),
  eta: record({ toward: text, seconds: number, distance_m: number, at_ms: number }),
  trip: orAbsent(record({ duration_s: number, distance_m: number })),
  expires_at_ms: number,
});
/** The one on the screen. */
export const offered = kept<Offered | null>(
  "drive.offer",
  null,
  orNull(record<Offered>({ offer, fromMs: number })),
);
/** The ride that is driven, and after its end until the driver has seen how it ended. */
export const ride = signal<Ride | null>(null);
/** One that was given back or taken away. */
export const lost = signal<Ride | null>(null);

/** A request under way: its button says so. */
export const busy = signal(false);
/** News that pass: what became of an offer, why something did not work. */
export const word = signal<Words | null>(null);
/** Whether the map keeps the vehicle and its target in sight. */
export const centred = signal(true);
