import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { VehicleMap } from "../map/map.ts";
import { patientConfig } from "../service/config.ts";
import { TokenForm } from "../ui/token.tsx";
import { Page } from "./page.ts";
import { Card } from "./panels/card.tsx";
import { List } from "./panels/list.tsx";
import { Notice, Status } from "./panels/status.tsx";
import "../ui/base.css";
import "./operator.css";
import { RideBook } from "../fleet/ride-book.ts";
import { element } from "../ui/element.ts";
import { theme } from "../ui/theme.ts";
import { say } from "../words/index.ts";
import { mapTrouble } from "./state.ts";

function Panels({ page }: { page?: Page }) {
  return (
    <>
      <Status onRetry={page && page.tokenWanted === "none" ? () => page.retry() : undefined} />
      <Notice />
      <List onSelect={(id) => page?.select(id)} />
      {page && (
        <>
          <Card onClose={() => page.select(null)} onFollow={(on) => page.follow(on)} />
          <TokenForm wanted={page.tokenWanted} onToken={(token) => page.useToken(token)} />
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
    mapTrouble.value = () => say("no_webgl");
    return;
  }
  render(<Panels page={new Page(config, fleet, rides, view)} />, panels);
}

void main();
