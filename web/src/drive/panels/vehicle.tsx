import { useRef } from "preact/hooks";
import type { VehicleInfo } from "../../../sdk/index.ts";
import { classes, vehicle } from "../state.ts";
import { tell } from "../words/index.ts";

/** Asks what is driven. */
export function VehicleForm({ onSave }: { onSave(info: VehicleInfo): void }) {
  const form = useRef<HTMLFormElement>(null);
  const said = vehicle.value;
  return (
    <form
      ref={form}
      class="vehicle"
      data-testid="vehicle-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (form.current) onSave(infoOf(new FormData(form.current)));
      }}
    >
      <h2>{tell("vehicle_title")}</h2>
      <p class="soft">{tell("vehicle_why")}</p>
      {/* The protocol counts bytes, two or three for a letter that is not Latin. */}
      <label htmlFor="class">
        {tell("class")}
        {classes.value.length > 0 ? (
          <select id="class" name="class">
            {classes.value.map((name) => (
              <option key={name} value={name} selected={name === said?.class}>
                {name}
              </option>
            ))}
          </select>
        ) : (
          <input
            id="class"
            name="class"
            required
            maxLength={16}
            defaultValue={said?.class ?? "car"}
          />
        )}
      </label>
      <label>
        {tell("plate")}
        <input
          name="plate"
          dir="ltr"
          maxLength={16}
          autoComplete="off"
          autoCapitalize="characters"
          defaultValue={said?.plate}
        />
      </label>
      <label>
        {tell("label")}
        <input
          name="label"
          maxLength={21}
          autoComplete="off"
          placeholder={tell("label_example")}
          defaultValue={said?.label}
        />
      </label>
      <button type="submit" class="primary">
        {tell("save")}
      </button>
    </form>
  );
}

function infoOf(data: FormData): VehicleInfo {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const [plate, label] = [text("plate"), text("label")];
  return { class: text("class"), ...(plate && { plate }), ...(label && { label }) };
}

/** In one line: name, plate and class. */
export function VehicleLine({ info }: { info: VehicleInfo }) {
  const parts = [info.label, info.plate, info.class].filter((part) => part !== undefined);
  return <bdi>{parts.join(" · ")}</bdi>;
}
