import type { ComponentChildren } from "preact";
import type { Ride, VehicleUpdate } from "../../../sdk/index.ts";
import { shapeOf } from "../../map/shape.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { clock, duration, kmh, number, say } from "../../words/index.ts";
import type { Selection } from "../address.ts";
import {
  following,
  replay,
  rideCard,
  selected,
  selection,
  shownAtMs,
  trail,
  vehicleCard,
} from "../state.ts";
import { compass, rideWordsWithTime, tell } from "../words/index.ts";
import { type RideActions, RideFacts } from "./ride-card.tsx";

interface CardProps {
  onSelect(chosen: Selection | null): void;
  onFollow(follow: boolean): void;
  actions: RideActions;
}

/** What is known of the selected vehicle or ride. */
export function Card({ onSelect, onFollow, actions }: CardProps) {
  const chosen = selection.value;
  if (!chosen) return null;
  const { kind, id } = chosen;
  const ride = rideCard.value?.ride;
  const name = tell(kind === "vehicle" ? "vehicle" : "ride_of", { id });
  return (
    <section class="card" tabIndex={-1} aria-label={name} data-testid="card" data-over-map>
      {kind === "vehicle" ? (
        <h2>{id}</h2>
      ) : (
        <>
          <h2 class="state">
            <span role="status" data-testid="ride-state">
              {ride ? rideWordsWithTime(ride) : tell("ride")}
            </span>
          </h2>
          <p class="id">{name}</p>
        </>
      )}
      <button type="button" class="close" aria-label={say("close")} onClick={() => onSelect(null)}>
        ×
      </button>
      {kind === "vehicle" ? (
        <VehicleFacts onSelect={onSelect} />
      ) : (
        <RideFacts key={id} actions={actions} onSelect={onSelect} />
      )}
      <p class="toggles">
        <Toggle on={following.value} possible={selected.value !== null} onChange={onFollow}>
          {tell("follow")}
        </Toggle>
        {kind === "vehicle" && (
          <Toggle
            on={trail.value}
            possible
            onChange={(on) => {
              trail.value = on;
            }}
          >
            {tell("trail")}
          </Toggle>
        )}
      </p>
    </section>
  );
}

function Toggle(props: {
  on: boolean;
  possible: boolean;
  onChange(on: boolean): void;
  children: ComponentChildren;
}) {
  return (
    <label class="toggle">
      <input
        type="checkbox"
        checked={props.on}
        disabled={!props.possible}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      {props.children}
    </label>
  );
}

function VehicleFacts({ onSelect }: { onSelect(chosen: Selection): void }) {
  const card = vehicleCard.value;
  const known = card && card !== "gone" ? card : null;
  const seen = selected.value;
  if (!seen && replay.value) return <p>{tell("not_then")}</p>;
  if (!seen && !known) return <p role="status">{tell(card ? "vehicle_gone" : "loading")}</p>;
  // What is on the map is newer than what was asked for.
  const update = seen?.update ?? known?.vehicle;
  if (!update) return null;
  const ride = seen ? seen.ride : known?.ride;
  const { plate, label } = known?.info ?? {};
  return (
    <>
      {!seen && <p class="soft">{tell("off_map")}</p>}
      <dl>
        {plate && <Fact name={tell("plate")}>{plate}</Fact>}
        {label && <Fact name={tell("label")}>{label}</Fact>}
        <Moving
          update={update}
          atMs={seen?.atMs ?? shownAtMs.value}
          stale={seen?.stale ?? false}
          onRide={seen?.onRide ?? !!ride}
        >
          {ride && <VehiclesRide ride={ride} onSelect={onSelect} />}
        </Moving>
      </dl>
    </>
  );
}

function Moving(props: {
  update: VehicleUpdate;
  atMs: number;
  stale: boolean;
  onRide: boolean;
  children: ComponentChildren;
}) {
  const { update, atMs, stale, onRide } = props;
  const { bearing, speed } = update;
  const age = duration(atMs - update.timestamp_ms);
  const silent = update.state === "silent";
  const state = silent ? tell("silent_long") : tell(onRide ? "on_ride" : "free");
  return (
    <>
      <Fact name={tell("class")}>
        <Glyph shape={shapeOf(update.class)} silent={silent} ride={onRide} /> {update.class}
      </Fact>
      <Fact name={tell("state")}>{stale && !silent ? tell("late", { state }) : state}</Fact>
      {props.children}
      <Fact name={tell("speed")}>{speed === undefined ? tell("not_known") : kmh(speed)}</Fact>
      <Fact name={tell("bearing")}>
        {bearing === undefined
          ? tell("not_known")
          : `${number(Math.round(bearing))}° ${compass(bearing)}`}
      </Fact>
      <Fact name={tell("last_position")}>
        <time dateTime={new Date(update.timestamp_ms).toISOString()}>
          {tell("ago", { time: clock(update.timestamp_ms, true), age })}
        </time>
      </Fact>
    </>
  );
}

function VehiclesRide({ ride, onSelect }: { ride: Ride; onSelect(chosen: Selection): void }) {
  const { pickup, dropoff, rider } = ride;
  return (
    <>
      <Fact name={tell("ride")}>
        <span data-testid="ride">{rideWordsWithTime(ride)}</span>
        <button
          type="button"
          class="link"
          onClick={() => onSelect({ kind: "ride", id: ride.ride_id })}
        >
          {tell("open_ride")}
        </button>
      </Fact>
      {rider && <Fact name={tell("rider")}>{rider}</Fact>}
      {pickup.address && <Fact name={say("pickup")}>{pickup.address}</Fact>}
      {dropoff.address && <Fact name={say("dropoff")}>{dropoff.address}</Fact>}
    </>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
