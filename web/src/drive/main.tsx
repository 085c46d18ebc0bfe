import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { RideBook } from "../fleet/ride-book.ts";
import { VehicleMap } from "../map/map.ts";
import { patientConfig } from "../service/config.ts";
import { exposeTripHandle } from "../trip/debug.ts";
import { element } from "../ui/element.ts";
import { theme } from "../ui/theme.ts";
import { say } from "../words/index.ts";
import { App } from "./app.tsx";
import { Drive } from "./page.ts";
import { mapTrouble } from "./state.ts";
import { DriverView } from "./view.ts";
import "../ui/base.css";
import "../ui/sheet.css";
import "./drive.css";

async function main(): Promise<void> {
  const panels = element("panels");
  render(<App />, panels);
  const config = await patientConfig();
  const fleet = new Fleet();
  let view: VehicleMap;
  try {
    view = new VehicleMap(element("map"), config, fleet, new RideBook(), theme.value);
  } catch (error) {
    console.error(error);
    mapTrouble.value = () => say("no_webgl");
    return;
  }
  exposeTripHandle(view, fleet);
  render(<App drive={new Drive(config, new DriverView(view, fleet), fleet)} />, panels);
}

void main();
