// What the panels show. The map and the connection write it, the panels read it.
import { computed, signal } from "@preact/signals";
import type {
  ConnectionState,
  Ride,
  RideCount,
  VehicleId,
  VehicleUpdate,
} from "../../sdk/index.ts";

/** A vehicle as the list and the card show it. */
export interface Seen {
  update: VehicleUpdate;
  /** Its newest position is older than the pace of its positions allows: it is drawn faded. */
  stale: boolean;
  /** The one that it drives; absent: it is free, or the page may not know. */
  ride?: Ride | undefined;
}

/** What is to be said, in the language of the moment. */
export type Words = () => string;

export const connection = signal<ConnectionState>({ kind: "connecting", again: false });
/** `Date.now()`, every second and at each change of the connection. */
export const nowMs = signal(Date.now());
/** The service's clock less our own, ms. */
export const clockOffsetMs = signal(0);
/** When the last vehicles arrived, `Date.now()`; null: none since the page was opened. */
export const dataAtMs = signal<number | null>(null);
/** A silence longer than this says that something is wrong, ms; infinite where none is to be expected. */
export const silenceMs = signal(Number.POSITIVE_INFINITY);

/** How many vehicles are drawn inside the visible map. */
export const inView = signal(0);
/** The first of them by id, at most `ROWS_MAX`, while the list is open. */
export const rows = signal<Seen[]>([]);
/** More rows than anybody reads; the map shows the others. */
export const ROWS_MAX = 100;
/** Positions that came in a second, lately. */
export const updatesPerSecond = signal(0);
/** Rides by state; null: the service does not tell. */
export const rideCounts = signal<RideCount[] | null>(null);

/** Why there are no vehicles although there is a connection: for people. */
export const refusal = signal<Words | null>(null);
/** What is wrong with the map itself: for people. */
export const mapTrouble = signal<Words | null>(null);
export const notice = computed(() => (refusal.value ?? mapTrouble.value)?.() ?? null);

export const selectedId = signal<VehicleId | null>(null);
/** The selected vehicle; null: none, or it left. */
export const selected = signal<Seen | null>(null);
export const following = signal(false);
export const listOpen = signal(matchMedia("(min-width: 800px)").matches);

/** The clock by which positions are dated, ms since the Unix epoch. */
export const serviceNowMs = computed(() => nowMs.value + clockOffsetMs.value);
