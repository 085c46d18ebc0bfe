import type { Ride } from "../../../sdk/index.ts";
import { shapeOf } from "../../map/shape.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { clock, duration, kmh, number, say } from "../../words/index.ts";
import { following, selected, selectedId, serviceNowMs } from "../state.ts";
import { compass, expectedAtMs, rideWords, tell } from "../words/index.ts";

/** What is known of the selected vehicle. */
export function Card({ onClose, onFollow }: { onClose(): void; onFollow(follow: boolean): void }) {
  const id = selectedId.value;
  if (id === null) return null;
  return (
    <section class="card" aria-label={tell("vehicle", { id })} data-testid="card">
      <h2>{id}</h2>
      <button type="button" class="close" aria-label={say("close")} onClick={onClose}>
        ×
      </button>
      {selected.value ? <Facts /> : <p>{tell("gone")}</p>}
      <label class="follow">
        <input
          type="checkbox"
          checked={following.value}
          disabled={!selected.value}
          onChange={(event) => onFollow(event.currentTarget.checked)}
        />
        {tell("follow")}
      </label>
    </section>
  );
}

function Facts() {
  if (!selected.value) return null;
  const { update, stale, ride } = selected.value;
  const { bearing, speed } = update;
  const age = duration(serviceNowMs.value - update.timestamp_ms);
  const state = tell(update.state === "silent" ? "silent_long" : "online");
  return (
    <dl>
      <dt>{tell("class")}</dt>
      <dd>
        <Glyph
          shape={shapeOf(update.class)}
          silent={update.state === "silent"}
          ride={ride !== undefined}
        />{" "}
        {update.class}
      </dd>
      <dt>{tell("state")}</dt>
      <dd>{stale && update.state === "online" ? tell("late", { state }) : state}</dd>
      {ride && <RideFacts ride={ride} />}
      <dt>{tell("speed")}</dt>
      <dd>{speed === undefined ? tell("not_known") : kmh(speed)}</dd>
      <dt>{tell("bearing")}</dt>
      <dd>
        {bearing === undefined
          ? tell("not_known")
          : `${number(Math.round(bearing))}° ${compass(bearing)}`}
      </dd>
      <dt>{tell("last_position")}</dt>
      <dd>
        <time dateTime={new Date(update.timestamp_ms).toISOString()}>
          {tell("ago", { time: clock(update.timestamp_ms, true), age })}
        </time>
      </dd>
    </dl>
  );
}

function RideFacts({ ride }: { ride: Ride }) {
  const { pickup, dropoff, rider } = ride;
  return (
    <>
      <dt>{tell("ride")}</dt>
      <dd data-testid="ride">{doing(ride)}</dd>
      {rider && (
        <>
          <dt>{tell("rider")}</dt>
          <dd>{rider}</dd>
        </>
      )}
      {pickup.address && (
        <>
          <dt>{say("pickup")}</dt>
          <dd>{pickup.address}</dd>
        </>
      )}
      {dropoff.address && (
        <>
          <dt>{say("dropoff")}</dt>
          <dd>{dropoff.address}</dd>
        </>
      )}
    </>
  );
}

function doing(ride: Ride): string {
  const doing = rideWords(ride);
  const atMs = expectedAtMs(ride);
  if (atMs === undefined) return doing;
  const time = clock(atMs);
  return tell(ride.state === "in_progress" ? "dropoff_about" : "there_about", { doing, time });
}
