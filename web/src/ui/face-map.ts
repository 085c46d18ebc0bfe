import { effect, untracked } from "@preact/signals";
import type { Fleet } from "../fleet/fleet.ts";
import { VehicleMap } from "../map/map.ts";
import type { Driven } from "../map/vehicle-layer.ts";
import type { PageConfig } from "../service/config.ts";
import { locale, say } from "../words/index.ts";
import { element } from "./element.ts";
import { mapTrouble } from "./map-trouble.ts";
import { theme } from "./theme.ts";

/**
 * The map of a face, in the colours, the language and the calm that the person
 * chose. Nothing where the browser cannot draw it: `mapTrouble` says so.
 */
export function openMap(config: PageConfig, fleet: Fleet, rides: Driven): VehicleMap | undefined {
  let view: VehicleMap;
  try {
    view = new VehicleMap(element("map"), config, fleet, rides, theme.peek());
  } catch (error) {
    console.error(error);
    mapTrouble.value = () => say("no_webgl");
    return undefined;
  }
  view.map.on("error", ({ error }) => {
    console.error(error);
    mapTrouble.value = () => say("no_base_map");
  });
  effect(() => view.setTheme(theme.value));
  effect(() => {
    locale.value;
    untracked(() => view.speak());
  });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const apply = () => {
    fleet.glide = !calm.matches;
  };
  calm.addEventListener("change", apply);
  apply();
  return view;
}
