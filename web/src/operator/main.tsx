import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { RideBook } from "../fleet/ride-book.ts";
import { patientConfig } from "../service/config.ts";
// Before our own styles: with it come the map's, which they change.
import { openMap } from "../ui/face-map.ts";
import "../ui/base.css";
import { element } from "../ui/element.ts";
import { TokenForm } from "../ui/token.tsx";
import { readAddress } from "./address.ts";
import { Drives } from "./drives.ts";
import { Line } from "./line.ts";
import "./operator.css";
import { Page } from "./page.ts";
import { Card } from "./panels/card.tsx";
import { Legend } from "./panels/legend.tsx";
import { SearchBox } from "./panels/search.tsx";
import { Side } from "./panels/side.tsx";
import { Notice, Status } from "./panels/status.tsx";
import "./panels.css";
import { ReplayPanel } from "./replay/panel.tsx";
import { filter, selection, trail } from "./state.ts";

function Panels({ page }: { page?: Page }) {
  return (
    <>
      <Status
        onRetry={page && page.tokenWanted === "none" ? () => page.retry() : undefined}
        onUncover={() => page?.select(null)}
      >
        {page && <SearchBox search={page.search} onChoose={(hit) => page.find(hit)} />}
      </Status>
      <Notice />
      <Legend />
      <Side
        onSelect={(chosen, enter) => page?.select(chosen, enter)}
        samples={page?.meter.samples}
      />
      {page && (
        <>
          <Card
            onSelect={(chosen) => page.select(chosen, true)}
            onFollow={(on) => page.follow(on)}
            actions={page.rideActions}
          />
          <ReplayPanel controls={page.replayControls} />
          <TokenForm wanted={page.tokenWanted} onToken={(token) => page.useToken(token)} />
        </>
      )}
    </>
  );
}

async function main(): Promise<void> {
  const panels = element("panels");
  const address = readAddress(location.search);
  filter.value = address.filter;
  const asked = patientConfig();
  // Before the map, which fits the city into the room that is left.
  render(<Panels />, panels);
  const config = await asked;
  const line = new Line(config);
  // The socket is asked for before the map keeps the page busy.
  await new Promise((resolve) => setTimeout(resolve));
  const fleet = new Fleet();
  const rides = new RideBook();
  const drives = new Drives(rides);
  const view = openMap(config, fleet, drives);
  if (!view) return line.client.close();
  if (address.view) {
    const { latitude, longitude, zoom } = address.view;
    view.map.jumpTo({ center: [longitude, latitude], zoom });
  }
  const page = new Page(config, line, fleet, rides, drives, view, address);
  selection.value = address.selection;
  trail.value = address.trail;
  render(<Panels page={page} />, panels);
}

void main();
