import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { isOver, RideBook } from "../fleet/ride-book.ts";
import { patientConfig } from "../service/config.ts";
import { tripSay } from "../trip/words/index.ts";
// Before our own styles: with it come the map's, which they change.
import { openMap } from "../ui/face-map.ts";
import "../ui/base.css";
import "../ui/sheet.css";
import "./ride.css";
import { Connection } from "../ui/connection.tsx";
import { element } from "../ui/element.ts";
import { mapTrouble } from "../ui/map-trouble.ts";
import { Switches } from "../ui/switches.tsx";
import { TokenForm } from "../ui/token.tsx";
import { say } from "../words/index.ts";
import { Page } from "./page.ts";
import { another, Driven, headline } from "./panels/driven.tsx";
import { Ended, endWords } from "./panels/ended.tsx";
import { Looking } from "./panels/looking.tsx";
import { MapTools, Plan } from "./panels/plan.tsx";
import { connection, nowMs } from "./state.ts";
import { tell } from "./words/index.ts";

/** That of the vehicle is told where the vehicle is. */
const FRESHNESS = { dataAtMs: null, silenceMs: Number.POSITIVE_INFINITY };

function Face({ page }: { page?: Page }) {
  const stopped = connection.value.kind === "stopped" && page && page.tokenWanted === "none";
  return (
    <>
      <header class="bar">
        <h1>ridecast</h1>
        <Connection state={connection.value} freshness={FRESHNESS} nowMs={nowMs.value} />
        {stopped && (
          <button type="button" onClick={() => page.retry()}>
            {say("connect_again")}
          </button>
        )}
        <div class="switches">
          <Switches />
        </div>
      </header>
      {page && <MapTools page={page} />}
      <section class="sheet" aria-label={tell("trip_label")} data-testid="sheet" data-over-map>
        <p class="notice" role="alert" hidden={!mapTrouble.value} data-testid="notice">
          {mapTrouble.value?.()}
        </p>
        {page && <Offline />}
        <p class="unseen" role="status" data-testid="news">
          {page && news(page)}
        </p>
        {page && <Stage page={page} />}
        {!page && !mapTrouble.value && <p class="hint">{tell("loading")}</p>}
      </section>
      {page && <TokenForm wanted={page.tokenWanted} onToken={(token) => page.useToken(token)} />}
    </>
  );
}

function Stage({ page }: { page: Page }) {
  const ride = page.rides.ride.value;
  if (!page.rides.known.value && !ride) return <p class="hint">{tell("loading")}</p>;
  if (!ride) return <Plan page={page} />;
  if (isOver(ride)) return <Ended key="ended" page={page} ride={ride} />;
  if (!ride.driver) return <Looking key="looking" page={page} ride={ride} />;
  return <Driven key="driven" page={page} ride={ride} />;
}

/** What is shown is no more live than the connection. */
function Offline() {
  const { kind } = connection.value;
  const away = kind === "waiting" || (kind === "connecting" && connection.value.again);
  return away ? (
    <p class="stale" data-testid="offline">
      {tripSay("offline")}
    </p>
  ) : null;
}

/** The ride's changes, to be heard: no seconds in it. */
function news(page: Page): string {
  const ride = page.rides.ride.value;
  if (!ride) return "";
  if (isOver(ride)) return endWords(ride);
  if (ride.driver) {
    return another(page, ride) ? `${tell("another_driver")} ${headline(ride)}` : headline(ride);
  }
  const { setback } = ride.search ?? {};
  return setback ? tell(setback) : tripSay("looking");
}

async function main(): Promise<void> {
  const panels = element("panels");
  // Before the map, which fits the city into the room that is left.
  render(<Face />, panels);
  const config = await patientConfig();
  const fleet = new Fleet();
  const view = openMap(config, fleet, new RideBook());
  if (!view) return;
  render(<Face page={new Page(config, fleet, view)} />, panels);
}

void main();
