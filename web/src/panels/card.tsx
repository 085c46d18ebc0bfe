import type { Ride } from "../../sdk/index.ts";
import { shapeOf } from "../shape.ts";
import { following, selected, selectedId, serviceNowMs } from "../state.ts";
import { compass, duration, expectedAtMs, kmh, rideWords } from "../words.ts";
import { Glyph } from "./glyph.tsx";

/** What is known of the selected vehicle. */
export function Card({ onClose, onFollow }: { onClose(): void; onFollow(follow: boolean): void }) {
  const id = selectedId.value;
  if (id === null) return null;
  return (
    <section class="card" aria-label={`Vehicle ${id}`} data-testid="card">
      <h2>{id}</h2>
      <button type="button" class="close" aria-label="Close" onClick={onClose}>
        ×
      </button>
      {selected.value ? <Facts /> : <p>It left the map's area or is gone.</p>}
      <label class="follow">
        <input
          type="checkbox"
          checked={following.value}
          disabled={!selected.value}
          onChange={(event) => onFollow(event.currentTarget.checked)}
        />
        Follow
      </label>
    </section>
  );
}

function Facts() {
  if (!selected.value) return null;
  const { update, stale, ride } = selected.value;
  const { bearing, speed } = update;
  const heard = new Date(update.timestamp_ms);
  const age = duration(serviceNowMs.value - update.timestamp_ms);
  const state = update.state === "silent" ? "silent: not heard for a while" : "online";
  return (
    <dl>
      <dt>Class</dt>
      <dd>
        <Glyph
          shape={shapeOf(update.class)}
          silent={update.state === "silent"}
          ride={ride !== undefined}
        />{" "}
        {update.class}
      </dd>
      <dt>State</dt>
      <dd>{stale && update.state === "online" ? `${state}, its next position is late` : state}</dd>
      {ride && <RideFacts ride={ride} />}
      <dt>Speed</dt>
      <dd>{speed === undefined ? "not known" : kmh(speed)}</dd>
      <dt>Bearing</dt>
      <dd>{bearing === undefined ? "not known" : `${Math.round(bearing)}° ${compass(bearing)}`}</dd>
      <dt>Last position</dt>
      <dd>
        <time dateTime={heard.toISOString()}>{heard.toLocaleTimeString()}</time>, {age} ago
      </dd>
    </dl>
  );
}

function RideFacts({ ride }: { ride: Ride }) {
  const atMs = expectedAtMs(ride);
  const { pickup, dropoff, rider } = ride;
  return (
    <>
      <dt>Ride</dt>
      <dd data-testid="ride">
        {rideWords(ride)}
        {atMs !== undefined && (
          <>
            , {ride.state === "in_progress" ? "at the dropoff" : "there"} about{" "}
            <Clock atMs={atMs} />
          </>
        )}
      </dd>
      {rider && (
        <>
          <dt>Rider</dt>
          <dd>{rider}</dd>
        </>
      )}
      {pickup.address && (
        <>
          <dt>Pickup</dt>
          <dd>{pickup.address}</dd>
        </>
      )}
      {dropoff.address && (
        <>
          <dt>Dropoff</dt>
          <dd>{dropoff.address}</dd>
        </>
      )}
    </>
  );
}

function Clock({ atMs }: { atMs: number }) {
  const at = new Date(atMs);
  const words = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return <time dateTime={at.toISOString()}>{words}</time>;
}
