// What the page's address says of what is seen, so that it can be opened
// again or handed to a colleague. In the query: the fragment may bring a token,
// which is taken out. Pure.
import { DOINGS, type Doing, type Filter } from "../fleet/filter.ts";

export interface View {
  latitude: number;
  longitude: number;
  zoom: number;
}

/** What somebody looks at more closely. */
export type Selection = { kind: "vehicle" | "ride"; id: string };

/** A window of the past. */
export interface Past {
  fromMs: number;
  toMs: number;
}

/** Vehicles, or cells with their numbers. */
export type Show = "dots" | "cells";

export interface Address {
  /** Null: where the service says. */
  view: View | null;
  selection: Selection | null;
  /** Whether the way of the vehicle is drawn. */
  trail: boolean;
  filter: Filter;
  /** Null: now. */
  past: Past | null;
  /** Where in it, ms since the Unix epoch; null: at its beginning. */
  momentMs: number | null;
  /** What to show whatever the zoom; null: by the zoom. */
  show: Show | null;
}

/** What cannot be read is left out: an address is typed and cut by people. */
export function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const vehicle = query.get("vehicle");
  const ride = query.get("ride");
  const past = readPast(query.get("from"), query.get("to"));
  return {
    view: readView(query.get("at")),
    selection: vehicle
      ? { kind: "vehicle", id: vehicle }
      : ride
        ? { kind: "ride", id: ride }
        : null,
    trail: query.has("trail"),
    filter: { doings: readDoings(query.get("only")), vehicleClass: query.get("class") || null },
    past,
    momentMs: readMoment(past, query.get("moment")),
    show: oneOf(query.get("show"), ["dots", "cells"]),
  };
}

/** As `readAddress` reads it, with its `?`; empty when there is nothing to say. */
export function writeAddress(address: Address): string {
  const { view, selection, trail, filter, past, momentMs, show } = address;
  const parts: string[] = [];
  const add = (name: string, value: string) => parts.push(`${name}=${value}`);
  if (view) {
    const { latitude, longitude, zoom } = view;
    add("at", `${latitude.toFixed(5)},${longitude.toFixed(5)},${zoom.toFixed(2)}`);
  }
  if (selection) add(selection.kind, encodeURIComponent(selection.id));
  if (trail) add("trail", "1");
  if (filter.doings.length < DOINGS.length) add("only", filter.doings.join(","));
  if (filter.vehicleClass !== null) add("class", encodeURIComponent(filter.vehicleClass));
  if (past) {
    add("from", new Date(past.fromMs).toISOString());
    add("to", new Date(past.toMs).toISOString());
    if (momentMs !== null) add("moment", new Date(momentMs).toISOString());
  }
  if (show) add("show", show);
  return parts.length > 0 ? `?${parts.join("&")}` : "";
}

function readView(text: string | null): View | null {
  const [latitude, longitude, zoom] = (text ?? "").split(",").map((part) => Number(part || "x"));
  if (latitude === undefined || longitude === undefined || zoom === undefined) return null;
  const there = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && zoom >= 0 && zoom <= 24;
  return there ? { latitude, longitude, zoom } : null;
}

function readDoings(text: string | null): readonly Doing[] {
  const named = DOINGS.filter((doing) => text?.split(",").includes(doing));
  return named.length > 0 ? named : DOINGS;
}

function readPast(from: string | null, to: string | null): Past | null {
  const fromMs = Date.parse(from ?? "");
  const toMs = Date.parse(to ?? "");
  return fromMs < toMs ? { fromMs, toMs } : null;
}

function readMoment(past: Past | null, moment: string | null): number | null {
  const ms = Date.parse(moment ?? "");
  return past && ms > past.fromMs && ms <= past.toMs ? ms : null;
}

function oneOf<T extends string>(text: string | null, known: readonly T[]): T | null {
  return known.find((each) => each === text) ?? null;
}
