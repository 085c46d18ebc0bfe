import { distance, duration, say } from "../../words/index.ts";
import type { Page } from "../page.ts";
import { busy, freeNear, nowMs } from "../state.ts";
import { tell } from "../words/index.ts";
import { PlaceField } from "./place-field.tsx";
import { Heading, Trouble } from "./sheet.tsx";

/** An estimate older than this tells its age, ms. */
const OLD_MS = 45_000;

/** What is to be known before a ride is asked for. */
export function Plan({ page }: { page: Page }) {
  const { wish, planner, config } = page;
  const asked = wish.asked.value;
  const classes = config.classes ?? [];
  const located = planner.located.value;
  return (
    <>
      <Heading>{tell("title")}</Heading>
      <div class="ends">
        <PlaceField page={page} end="pickup" />
        <PlaceField page={page} end="dropoff" />
        <button type="button" class="swap" aria-label={tell("swap")} onClick={() => wish.swap()}>
          ⇅
        </button>
      </div>
      <p class="hint" role="status" data-testid="asked">
        {tell(asked ? `ask_${asked}` : "ask_none")}
      </p>
      {located !== "none" && located !== "asking" && (
        <p class="trouble" role="alert">
          {tell(`locate_${located}`)}
        </p>
      )}
      {classes.length > 1 && <Classes page={page} classes={classes} />}
      <EstimateWords page={page} />
      <Trouble />
      <button
        type="button"
        class="primary"
        disabled={!wish.complete.value || busy.value !== undefined}
        onClick={() => void page.request()}
      >
        {tell(busy.value === "request" ? "requesting" : "request")}
      </button>
    </>
  );
}

/** Over the map: the middle of it as the place, for who cannot touch it, and the device's own place. */
export function MapTools({ page }: { page: Page }) {
  const { wish, planner } = page;
  const asked = wish.asked.value;
  const asking = planner.located.value === "asking";
  if (!planner.active.value) return null;
  return (
    <>
      {asked && <div class="crosshair" aria-hidden="true" />}
      <div class="map-tools" data-over-map>
        {asked && (
          <button type="button" class="set-here" onClick={() => planner.setHere()}>
            {tell(`set_${asked}`)}
          </button>
        )}
        <button type="button" disabled={asking} onClick={() => planner.locate()}>
          {tell(asking ? "locating" : "locate")}
        </button>
      </div>
    </>
  );
}

function Classes({ page, classes }: { page: Page; classes: string[] }) {
  const chosen = page.wish.vehicleClass.value;
  return (
    <fieldset class="classes">
      <legend class="unseen">{tell("vehicle")}</legend>
      {[undefined, ...classes].map((one) => (
        <label key={one ?? ""}>
          <input
            type="radio"
            name="class"
            checked={chosen === one}
            onChange={() => page.wish.choose(one)}
          />
          <span>{one ?? tell("any_vehicle")}</span>
        </label>
      ))}
    </fieldset>
  );
}

function EstimateWords({ page }: { page: Page }) {
  const answer = page.estimator.answer.value;
  const free = freeNear.value;
  if (answer.kind === "none") {
    return free > 0 ? <p class="hint">{tell("free_near", { n: free })}</p> : null;
  }
  if (answer.kind === "asking") return <p class="hint">{tell("estimating")}</p>;
  if (answer.kind === "failed") return <p class="hint">{tell("estimate_failed")}</p>;
  const { wait_s, vehicles, trip } = answer.estimate;
  const ageMs = nowMs.value - answer.atMs;
  const slots = { time: minutes(trip.duration_s), distance: distance(trip.distance_m) };
  return (
    <dl class="estimate" data-testid="estimate">
      <dt>{tell("trip_label")}</dt>
      <dd>{tell("trip_about", slots)}</dd>
      <dt>{say("pickup")}</dt>
      <dd>
        {wait_s === undefined ? tell("wait_nobody") : tell("wait_about", { time: minutes(wait_s) })}
        {vehicles > 0 && <small>{tell("free_near", { n: vehicles })}</small>}
        {ageMs > OLD_MS && <small>{tell("estimate_old", { age: duration(ageMs) })}</small>}
      </dd>
    </dl>
  );
}

/** In whole minutes, as estimates are no better. */
function minutes(seconds: number): string {
  return say("minutes", { n: Math.max(1, Math.ceil(seconds / 60)) });
}
