import type { DriverCard } from "../../sdk/index.ts";
import { shapeOf } from "../map/shape.ts";
import { Glyph } from "../ui/glyph.tsx";
import { tripSay } from "./words/index.ts";

/** What to look for at the roadside: the plate first. */
export function VehicleCard({ driver, silent }: { driver: DriverCard; silent: boolean }) {
  const { class: vehicleClass, plate, label } = driver.vehicle;
  return (
    <div class="vehicle-card" data-testid="driver">
      <p class={plate ? "plate" : "plate none"} dir="auto">
        <span class="unseen">{tripSay("plate")}: </span>
        {plate ?? tripSay("no_plate")}
      </p>
      <p class="what">
        <Glyph shape={shapeOf(vehicleClass)} silent={silent} ride={true} />{" "}
        <bdi>{label ? `${label} · ${vehicleClass}` : vehicleClass}</bdi>
      </p>
    </div>
  );
}
