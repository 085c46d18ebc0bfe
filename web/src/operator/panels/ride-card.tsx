import type { Place, Ride } from "../../../sdk/index.ts";
import { isOver } from "../../fleet/ride-book.ts";
import { clock, distance, duration, say } from "../../words/index.ts";
import type { Selection } from "../address.ts";
import { replay, rideCard } from "../state.ts";
import { type Step, timeline } from "../timeline.ts";
import { tell } from "../words/index.ts";
import { Fact } from "./card.tsx";
import { Actions } from "./ride-actions.tsx";

export interface RideActions {
  cancel(id: string, reason: string): Promise<void>;
  reassign(id: string): Promise<void>;
  /** The address of the shared trip. */
  share(id: string): Promise<string>;
}

/** What is known of the selected ride, and what an operator may do with it. */
export function RideFacts(props: { actions: RideActions; onSelect(chosen: Selection): void }) {
  const { ride, gone } = rideCard.value ?? {};
  if (!ride) return <p role="status">{tell(gone ? "ride_gone" : "loading")}</p>;
  const { driver, rider, pickup, dropoff, trip, cancelled } = ride;
  return (
    <>
      {replay.value && <p class="soft">{tell("of_now")}</p>}
      <dl>
        {rider && <Fact name={tell("rider")}>{rider}</Fact>}
        {driver && (
          <Fact name={tell("driver")}>
            {[driver.id, driver.vehicle.plate].filter(Boolean).join(" · ")}
            {!isOver(ride) && (
              <button
                type="button"
                class="link"
                onClick={() => props.onSelect({ kind: "vehicle", id: driver.id })}
              >
                {tell("open_vehicle")}
              </button>
            )}
          </Fact>
        )}
        <Fact name={say("pickup")}>
          <Where {...pickup} />
        </Fact>
        <Fact name={say("dropoff")}>
          <Where {...dropoff} />
        </Fact>
        {ride.vehicle_class && <Fact name={tell("class")}>{ride.vehicle_class}</Fact>}
        {trip && (
          <Fact name={tell("trip")}>
            {distance(ride.distance_m ?? trip.distance_m)} ·{" "}
            {duration((ride.duration_s ?? trip.duration_s) * 1000)}
          </Fact>
        )}
        {cancelled?.reason && <Fact name={tell("reason")}>{cancelled.reason}</Fact>}
      </dl>
      <ol class="timeline" aria-label={tell("timeline")}>
        {timeline(ride).map((step) => (
          <li key={step.what} class={step.when} aria-current={step.when === "now" && "step"}>
            <span class="what">{stepWords(step, ride)}</span>
            <span class="when">{stepTime(step)}</span>
          </li>
        ))}
      </ol>
      {!isOver(ride) && <Actions ride={ride} actions={props.actions} />}
    </>
  );
}

function Where({ address, latitude, longitude }: Place) {
  // From left to right in every language: latitude first.
  return address ?? <bdi dir="ltr">{`${latitude.toFixed(5)}, ${longitude.toFixed(5)}`}</bdi>;
}

function stepWords({ what }: Step, { search, cancelled }: Ride): string {
  if (what === "offered") {
    // How many is told while it is looked for.
    return search ? tell("step_offered", { n: search.offers }) : tell("step_offer");
  }
  if (what === "cancelled") {
    return tell("step_cancelled", { by: tell(`by_${cancelled?.by ?? "system"}`) });
  }
  return tell(`step_${what}`);
}

function stepTime({ atMs, tookMs }: Step): string {
  if (atMs === undefined) return "";
  const time = clock(atMs, true);
  return tookMs === undefined ? time : `${time} · ${tell("after", { age: duration(tookMs) })}`;
}
