import { effect } from "@preact/signals";
import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { RideBook } from "../fleet/ride-book.ts";
import { VehicleMap } from "../map/map.ts";
import { patientConfig } from "../service/config.ts";
import "../ui/base.css";
import "../ui/sheet.css";
import { element } from "../ui/element.ts";
import { Switches } from "../ui/switches.tsx";
import { theme } from "../ui/theme.ts";
import { say } from "../words/index.ts";
import { Page } from "./page.ts";
import { Connection, Trip } from "./trip.tsx";
import { tell } from "./words/index.ts";

function Face({ page, trouble }: { page?: Page; trouble?: (() => string) | undefined }) {
  const wrong = trouble ?? page?.mapTrouble.value;
  return (
    <>
      <header class="bar">
        <h1>ridecast</h1>
        {page && <Connection page={page} />}
        <div class="switches">
          <Switches />
        </div>
      </header>
      <section class="sheet" aria-label={tell("title")} data-testid="sheet" data-over-map>
        <p class="notice" role="alert" hidden={!wrong}>
          {wrong?.()}
        </p>
        {page ? <Trip page={page} /> : !trouble && <p class="hint">{tell("loading")}</p>}
      </section>
    </>
  );
}

async function main(): Promise<void> {
  const panels = element("panels");
  // Before the map, which fits the city into the room that is left.
  render(<Face />, panels);
  effect(() => {
    document.title = `${tell("title")} · ridecast`;
  });
  const config = await patientConfig();
  const fleet = new Fleet();
  let view: VehicleMap;
  try {
    view = new VehicleMap(element("map"), config, fleet, new RideBook(), theme.value);
  } catch (error) {
    console.error(error);
    render(<Face trouble={() => say("no_webgl")} />, panels);
    return;
  }
  const token = location.pathname.split("/").at(-1) ?? "";
  render(<Face page={new Page(fleet, view, token)} />, panels);
}

void main();
