import { render } from "preact";
import { backoffMs } from "../sdk/index.ts";
import { fetchConfig, type PageConfig } from "./config.ts";
import { Fleet } from "./fleet.ts";
import { VehicleMap } from "./map.ts";
import { Page } from "./page.ts";
import { Card } from "./panels/card.tsx";
import { List } from "./panels/list.tsx";
import { Notice, Status } from "./panels/status.tsx";
import { TokenForm } from "./panels/token.tsx";
import "./page.css";
import { RideBook } from "./ride-book.ts";
import { mapTrouble } from "./state.ts";
import { theme } from "./theme.ts";

function Panels({ page }: { page?: Page }) {
  return (
    <>
      <Status onRetry={() => page?.retry()} />
      <Notice />
      <List onSelect={(id) => page?.select(id)} />
      {page && (
        <>
          <Card onClose={() => page.select(null)} onFollow={(on) => page.follow(on)} />
          <TokenForm onToken={(token) => page.useToken(token)} />
        </>
      )}
    </>
  );
}

async function main(): Promise<void> {
  const panels = element("panels");
  // Before the map, which fits the city into the room that is left.
  render(<Panels />, panels);
  const config = await patientConfig();
  const fleet = new Fleet();
  const rides = new RideBook();
  let view: VehicleMap;
  try {
    view = new VehicleMap(element("map"), config, fleet, rides, theme.value);
  } catch (error) {
    console.error(error);
    mapTrouble.value = "The map needs WebGL 2, which this browser does not offer.";
    return;
  }
  render(<Panels page={new Page(config, fleet, rides, view)} />, panels);
}

/** The service may be starting: asks until it answers. */
async function patientConfig(): Promise<PageConfig> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchConfig();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, Math.random())));
    }
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

void main();
