import { useEffect, useRef } from "preact/hooks";
import type { Ride } from "../../../sdk/index.ts";
import { distance, duration } from "../../words/index.ts";
import { overWords, tell } from "../words/index.ts";

/** What became of a ride that is the driver's no more. */
export function Over({ ride, onDone }: { ride: Ride; onDone(): void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [ride.ride_id]);
  const { title, why } = overWords(ride);
  const reason = ride.cancelled?.reason;
  return (
    <section class="over" aria-labelledby="over" data-testid="over">
      <h2 id="over" class="big" ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {why && <p class="soft">{why}</p>}
      {reason && (
        <p>
          <bdi>{tell("their_reason", { reason })}</bdi>
        </p>
      )}
      {ride.state === "completed" && (
        <dl>
          {ride.distance_m !== undefined && (
            <>
              <dt>{tell("driven")}</dt>
              <dd>{distance(ride.distance_m)}</dd>
            </>
          )}
          {ride.duration_s !== undefined && (
            <>
              <dt>{tell("took")}</dt>
              <dd>{duration(ride.duration_s * 1_000)}</dd>
            </>
          )}
          <dt>{tell("from")}</dt>
          <dd>
            <bdi>{ride.pickup.address ?? tell("place_unnamed")}</bdi>
          </dd>
          <dt>{tell("to")}</dt>
          <dd>
            <bdi>{ride.dropoff.address ?? tell("place_unnamed")}</bdi>
          </dd>
        </dl>
      )}
      <button type="button" class="primary large" onClick={onDone}>
        {tell("done")}
      </button>
    </section>
  );
}
