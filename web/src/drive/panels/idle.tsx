import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { VehicleInfo } from "../../../sdk/index.ts";
import { standing } from "../standing.ts";
import { online, source, vehicle } from "../state.ts";
import { tell } from "../words/index.ts";
import { KeepOpen } from "./sending.tsx";
import { Tracker } from "./tracker.tsx";
import { VehicleForm, VehicleLine } from "./vehicle.tsx";

const editing = signal(false);

interface IdleProps {
  token(): string;
  onVehicle(info: VehicleInfo): void;
  onOnline(on: boolean): void;
  /** How the sending goes. */
  children: ComponentChildren;
}

/** Without a ride: what is driven, and whether the driver works. */
export function Idle({ token, onVehicle, onOnline, children }: IdleProps) {
  const info = vehicle.value;
  if (!info || editing.value) {
    return (
      <VehicleForm
        onSave={(info) => {
          editing.value = false;
          onVehicle(info);
        }}
      />
    );
  }
  const { title, why } = standing();
  return (
    <>
      <div class="shift">
        <div>
          <h2 data-testid="standing">{title}</h2>
          <p class="soft">{why}</p>
        </div>
        <button
          type="button"
          class="switch"
          role="switch"
          aria-checked={online.value}
          aria-label={tell("online_switch")}
          onClick={() => onOnline(!online.value)}
        />
      </div>
      {online.value ? (
        <>
          {children}
          <KeepOpen />
        </>
      ) : (
        <Source />
      )}
      <p class="mine">
        <VehicleLine info={info} />
        <button
          type="button"
          onClick={() => {
            editing.value = true;
          }}
        >
          {tell("change")}
        </button>
      </p>
      <Tracker info={info} token={token} />
    </>
  );
}

/** Where positions come from; to be chosen before the work begins, as a vehicle cannot jump. */
function Source() {
  return (
    <fieldset class="choice" aria-label={tell("position_from")}>
      <span class="soft">{tell("position_from")}</span>
      {(["device", "simulated"] as const).map((from) => (
        <label key={from}>
          <input
            type="radio"
            name="source"
            checked={source.value === from}
            onChange={() => {
              source.value = from;
            }}
          />
          {tell(from)}
        </label>
      ))}
      {source.value === "simulated" && <p class="soft small">{tell("simulated_why")}</p>}
    </fieldset>
  );
}
