import { isEverything } from "../../fleet/filter.ts";
import { shapeOf } from "../../map/shape.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { clock, duration, kmh } from "../../words/index.ts";
import type { Selection } from "../address.ts";
import {
  connection,
  filter,
  inView,
  openRides,
  replay,
  rideRows,
  rows,
  type Seen,
  selectedId,
  selection,
  shown,
} from "../state.ts";
import { rideWords, tell } from "../words/index.ts";

export type Select = (chosen: Selection, enter: boolean) => void;

/** Clicks of a mouse and a finger are counted. */
function byKeyboard({ detail }: MouseEvent): boolean {
  return detail === 0;
}

/** The vehicles in view. */
export function VehicleList({ onSelect }: { onSelect: Select }) {
  if (shown.value === "cells") return <p>{tell("cells_instead")}</p>;
  const more = inView.value - rows.value.length;
  return (
    <>
      <ul aria-label={tell("list_title")}>
        {rows.value.map((row) => (
          <li key={row.update.id}>
            <button
              type="button"
              aria-current={row.update.id === selectedId.value}
              onClick={(event) =>
                onSelect({ kind: "vehicle", id: row.update.id }, byKeyboard(event))
              }
            >
              <Glyph
                shape={shapeOf(row.update.class)}
                silent={row.update.state === "silent"}
                ride={row.onRide}
              />
              <span class="name">{row.update.id}</span>
              <span class="detail">{detail(row)}</span>
            </button>
          </li>
        ))}
      </ul>
      {inView.value === 0 && <p>{tell(whyNone())}</p>}
      {more > 0 && <p>{tell("more", { n: more })}</p>}
    </>
  );
}

function whyNone() {
  if (connection.value.kind !== "live" && !replay.value) return "none_known";
  return isEverything(filter.value) ? "none_in_view" : "filtered_out";
}

function detail({ update, atMs, stale, ride, onRide }: Seen): string {
  const age = tell("old", { age: duration(atMs - update.timestamp_ms) });
  if (update.state === "silent") return `${tell("silent")} · ${age}`;
  if (stale) return age;
  if (ride) return rideWords(ride);
  if (onRide) return tell("on_ride");
  // Apart from words of another direction: Unicode's isolates.
  const kind = `\u2068${update.class}\u2069`;
  return update.speed === undefined ? kind : `${kind} · ${kmh(update.speed)}`;
}

/** The open rides, of all the service's. */
export function RideList({ onSelect }: { onSelect: Select }) {
  const more = openRides.value - rideRows.value.length;
  return (
    <>
      <ul aria-label={tell("tab_rides")}>
        {rideRows.value.map((ride) => (
          <li key={ride.ride_id}>
            <button
              type="button"
              aria-current={ride.ride_id === selection.value?.id}
              onClick={(event) => onSelect({ kind: "ride", id: ride.ride_id }, byKeyboard(event))}
            >
              <span class={`dot ${ride.driver ? "taken" : "open"}`} aria-hidden="true" />
              <span class="name">
                {ride.rider ?? ride.ride_id}
                <span class="below">{rideWords(ride)}</span>
              </span>
              <span class="detail">{clock(ride.requested_at_ms)}</span>
            </button>
          </li>
        ))}
      </ul>
      {replay.value && <p>{tell("of_now")}</p>}
      {openRides.value === 0 && <p>{tell("no_rides")}</p>}
      {more > 0 && <p>{tell("more_rides", { n: more })}</p>}
    </>
  );
}
