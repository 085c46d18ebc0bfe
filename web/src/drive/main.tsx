import { render } from "preact";
import { Fleet } from "../fleet/fleet.ts";
import { RideBook } from "../fleet/ride-book.ts";
import { patientConfig } from "../service/config.ts";
import { exposeTripHandle } from "../trip/debug.ts";
import { element } from "../ui/element.ts";
import { openMap } from "../ui/face-map.ts";
import { App } from "./app.tsx";
import { Drive } from "./page.ts";
import { DriverView } from "./view.ts";
import "../ui/base.css";
import "../ui/sheet.css";
import "./drive.css";

async function main(): Promise<void> {
  const panels = element("panels");
  render(<App />, panels);
  const config = await patientConfig();
  const fleet = new Fleet();
  const view = openMap(config, fleet, new RideBook());
  if (!view) return;
  exposeTripHandle(view, fleet);
  render(<App drive={new Drive(config, new DriverView(view, fleet), fleet)} />, panels);
}

void main();
