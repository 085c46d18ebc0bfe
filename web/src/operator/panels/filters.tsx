import { DOINGS, toggled } from "../../fleet/filter.ts";
import { number } from "../../words/index.ts";
import { classes, doings, filter } from "../state.ts";
import { tell } from "../words/index.ts";

/** Which vehicles are to be seen, with how many there are of each kind: for the map, the list and the counter. */
export function Filters() {
  const { vehicleClass } = filter.value;
  // One that the address names, and of which none was seen yet.
  const all = [...new Set([...classes.value, ...(vehicleClass === null ? [] : [vehicleClass])])];
  return (
    <fieldset class="filters">
      <legend class="unseen">{tell("filters")}</legend>
      {DOINGS.map((doing) => (
        <button
          key={doing}
          type="button"
          class={`chip ${doing}`}
          aria-pressed={filter.value.doings.includes(doing)}
          onClick={() => {
            filter.value = toggled(filter.value, doing);
          }}
        >
          {tell(`doing_${doing}`)} <b>{number(doings.value[doing])}</b>
        </button>
      ))}
      {all.length > 1 && (
        <select
          aria-label={tell("class")}
          value={vehicleClass ?? ""}
          onChange={(event) => {
            filter.value = { ...filter.value, vehicleClass: event.currentTarget.value || null };
          }}
        >
          <option value="">{tell("all_classes")}</option>
          {all.sort().map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </fieldset>
  );
}
