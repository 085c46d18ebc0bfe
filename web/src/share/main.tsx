import { effect } from "@preact/signals";
import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { RideBook } from "../fleet/ride-book.ts";
import { patientConfig } from "../service/config.ts";
// Before our own styles: with it come the map's, which they change.
import { openMap } from "../ui/face-map.ts";
import "../ui/base.css";
import "../ui/sheet.css";
import { element } from "../ui/element.ts";
import { mapTrouble } from "../ui/map-trouble.ts";
import { Switches } from "../ui/switches.tsx";
import { Page } from "./page.ts";
import { Connection, Trip } from "./trip.tsx";
import { tell } from "./words/index.ts";

function Face({ page }: { page?: Page }) {
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
        <p class="notice" role="alert" hidden={!mapTrouble.value}>
          {mapTrouble.value?.()}
        </p>
        {page ? <Trip page={page} /> : !mapTrouble.value && <p class="hint">{tell("loading")}</p>}
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
  const view = openMap(config, fleet, new RideBook());
  if (!view) return;
  // Without what a sentence left behind the link.
  const [token = ""] = /[\w-]*/.exec(location.pathname.split("/").at(-1) ?? "") ?? [];
  render(<Face page={new Page(fleet, view, token)} />, panels);
}

void main();
