import type { Ride } from "../../sdk/index.ts";
import { isOver } from "../fleet/ride-book.ts";
import { Countdown, remaining } from "../trip/countdown.tsx";
import { Ends } from "../trip/ends.tsx";
import { VehicleAge } from "../trip/vehicle-age.tsx";
import { VehicleCard } from "../trip/vehicle-card.tsx";
import { tripSay } from "../trip/words/index.ts";
import { clock, say } from "../words/index.ts";
import type { Page } from "./page.ts";
import { tell } from "./words/index.ts";

/** How the connection stands; after the end there is none to speak of. */
export function Connection({ page }: { page: Page }) {
  const watching = page.watching.value;
  if (watching === "ended" || watching === "unknown") return null;
  const live = watching === "live";
  const word = watching === "connecting" && !page.rides.ride.value ? "connecting" : "reconnecting";
  return (
    <p class={`connection ${live ? "good" : "waiting"}`} role="status" data-testid="connection">
      {say(live ? "live" : word)}
    </p>
  );
}

/** The trip as it is, or how it ended. */
export function Trip({ page }: { page: Page }) {
  const ride = page.rides.ride.value;
  const watching = page.watching.value;
  if (watching === "unknown")
    return <End title={tell("unknown_title")} note={tell("unknown_note")} />;
  if (ride && isOver(ride)) return <Over ride={ride} />;
  if (watching === "ended") return <End title={tell("ended_title")} note={tell("ended_note")} />;
  if (!ride) return <p class="hint">{tell("loading")}</p>;
  return <Live page={page} ride={ride} />;
}

function Live({ page, ride }: { page: Page; ride: Ride }) {
  const eta = page.rides.eta.value;
  const now = page.nowMs.value;
  const away = page.watching.value !== "live";
  return (
    <>
      {away && (
        <p class="stale" data-testid="offline">
          {tripSay("offline")}
        </p>
      )}
      <div role="status">
        <h2>{headline(ride, eta !== undefined)}</h2>
      </div>
      {eta && ride.driver && <Countdown eta={eta} nowMs={now} />}
      {eta && ride.state === "in_progress" && (
        <p class="hint">{tripSay("there_at", { time: clock(now + remaining(eta, now).ms) })}</p>
      )}
      {ride.driver && (
        <>
          <VehicleCard driver={ride.driver} silent={page.vehicle.value?.state === "silent"} />
          <VehicleAge update={page.vehicle.value} nowMs={now} />
          <button type="button" onClick={() => page.centre()}>
            {tripSay("centre")}
          </button>
        </>
      )}
      <Ends ride={ride} />
    </>
  );
}

function headline({ state }: Ride, estimated: boolean): string {
  switch (state) {
    case "accepted":
      return tell(estimated ? "comes" : "coming");
    case "arrived":
      return tell("waits");
    case "in_progress":
      return tell(estimated ? "on_the_way" : "rides");
    default:
      return tripSay("looking");
  }
}

function Over({ ride }: { ride: Ride }) {
  const { state, ended_at_ms } = ride;
  if (state !== "completed") {
    const title = tell(state === "expired" ? "expired_title" : "cancelled_title");
    return <End title={title} note={tell("ended_note")} />;
  }
  const note =
    ended_at_ms === undefined ? "" : tell("completed_note", { time: clock(ended_at_ms) });
  return <End title={tell("completed_title")} note={note} />;
}

function End({ title, note }: { title: string; note: string }) {
  return (
    <div role="status" data-testid="end">
      <h2>{title}</h2>
      <p class="hint">{note}</p>
    </div>
  );
}
