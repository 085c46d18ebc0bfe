// What the panels show. The map and the connection write it, the panels read it.
import { computed, signal } from "@preact/signals";
import type {
  ConnectionState,
  Ride,
  RideCount,
  VehicleCard,
  VehicleClass,
  VehicleId,
  VehicleUpdate,
} from "../../sdk/index.ts";
import { type Doing, EVERYTHING, type Filter } from "../fleet/filter.ts";
import { mapTrouble } from "../ui/map-trouble.ts";
import type { Past, Selection, Show } from "./address.ts";
import type { Speed } from "./replay/ahead.ts";

/** A vehicle as the list and the card show it. */
export interface Seen {
  update: VehicleUpdate;
  /** The moment that the map showed when it was looked at, by the service's clock. */
  atMs: number;
  /** Its newest position is older than the pace of its positions allows: it is drawn faded. */
  stale: boolean;
  /** Whether it drives somebody, as it is drawn. */
  onRide: boolean;
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

/** Vehicles or cells; null: not known yet which. */
export const shown = signal<Show | null>(null);
/** Which vehicles are to be seen. */
export const filter = signal<Filter>(EVERYTHING);
/** The classes of what was seen, and of what the service says that there are. */
export const classes = signal<VehicleClass[]>([]);
/** How many vehicles are drawn inside the visible map, or are in its cells. */
export const inView = signal(0);
/** In view by what they do, those that the filter hides too. */
export const doings = signal<Record<Doing, number>>({ free: 0, ride: 0, silent: 0 });
/** The first of those in view by id, at most `ROWS_MAX`, while the list is open. */
export const rows = signal<Seen[]>([]);
/** More rows than anybody reads; the map shows the others. */
export const ROWS_MAX = 100;
/** The least number of each shade of the cells. */
export const cellSteps = signal<number[]>([]);
/** Positions that came in a second, lately. */
export const updatesPerSecond = signal(0);
/** Rides by state; null: the service does not tell. */
export const rideCounts = signal<RideCount[] | null>(null);
/** The open rides, those first that nobody has taken; at most `ROWS_MAX`, while the list is open. */
export const rideRows = signal<Ride[]>([]);
export const openRides = signal(0);

/** Why there are no vehicles although there is a connection: for people. */
export const refusal = signal<Words | null>(null);
export const notice = computed(() => (refusal.value ?? mapTrouble.value)?.() ?? null);

export const selection = signal<Selection | null>(null);
/** The vehicle that is marked: the selected one, or the selected ride's. */
export const selectedId = computed<VehicleId | null>(() => {
  const chosen = selection.value;
  if (chosen?.kind === "vehicle") return chosen.id;
  return (chosen && rideCard.value?.ride?.driver?.id) ?? null;
});
/** The marked vehicle as the map shows it; null: none, or it is not on the map. */
export const selected = signal<Seen | null>(null);
/** What the service says of the selected vehicle; null: nothing yet. Gone: there is none of this name now. */
export const vehicleCard = signal<VehicleCard | "gone" | null>(null);
/** The selected ride; without `ride`: it is being asked for, or there is none. */
export const rideCard = signal<{ ride?: Ride; gone?: boolean } | null>(null);
export const following = signal(false);
/** Whether the way of the selected vehicle is drawn. */
export const trail = signal(false);

/** Whether the list is beside the map, and not below it. */
const wide = matchMedia("(min-width: 800px)");
export const isWide = signal(wide.matches);
wide.addEventListener("change", () => {
  isWide.value = wide.matches;
});
export const listOpen = signal(wide.matches);
export const tab = signal<"vehicles" | "rides" | "charts">("vehicles");

export interface ReplayState {
  past: Past;
  /** The moment that is shown, ms since the Unix epoch. */
  atMs: number;
  playing: boolean;
  speed: Speed;
  /** It is being fetched. */
  waiting: boolean;
  /** Why it cannot be: for people. */
  trouble: string | null;
}

/** Null: the present is shown. */
export const replay = signal<ReplayState | null>(null);
/** The panel of the replay is open, maybe before there is one. */
export const replayOpen = signal(false);
/** From when on positions are kept, ms since the Unix epoch; null: not known. */
export const keptFromMs = signal<number | null>(null);

/** The service's clock, ms since the Unix epoch. */
export const serviceNowMs = computed(() => nowMs.value + clockOffsetMs.value);
/** The moment that the map shows. */
export const shownAtMs = computed(() => replay.value?.atMs ?? serviceNowMs.value);
