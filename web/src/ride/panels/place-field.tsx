import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { Place, Toward } from "../../../sdk/index.ts";
import { tripSay } from "../../trip/words/index.ts";
import { say } from "../../words/index.ts";
import type { Page } from "../page.ts";
import { tell } from "../words/index.ts";

/** Fewer letters than this fit half of the streets. */
const LETTERS_MIN = 2;

/** One end of the ride: shows its street, and finds another by name. */
export function PlaceField({ page, end }: { page: Page; end: Toward }) {
  const { wish, planner } = page;
  const id = useId();
  /** What is being typed; nothing: the field shows the place. */
  const text = useSignal<string | undefined>(undefined);
  const active = useSignal(-1);
  const place = wish[end].value;
  const shown = place && (place.address ?? tripSay("place_on_map"));
  const typed = text.value?.trim() ?? "";
  const searching = typed.length >= LETTERS_MIN && planner.streets.value !== undefined;
  const found = searching ? planner.search(typed) : [];

  const choose = (chosen: Place | undefined) => {
    if (!chosen) return;
    text.value = undefined;
    active.value = -1;
    planner.choose(end, chosen);
  };
  const keyed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length > 0) {
      event.preventDefault();
      active.value =
        (Math.max(active.value, step < 0 ? 0 : -1) + step + found.length) % found.length;
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[Math.max(0, active.value)]);
    } else if (event.key === "Escape") {
      text.value = undefined;
    }
  };
  return (
    <div class={`place ${end} ${wish.asked.value === end ? "asked" : ""}`}>
      <label for={id}>{say(end)}</label>
      <input
        id={id}
        role="combobox"
        autoComplete="off"
        spellcheck={false}
        aria-autocomplete="list"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-found`}
        aria-activedescendant={
          active.value >= 0 && found.length > 0 ? `${id}-${active.value}` : undefined
        }
        placeholder={tell("street")}
        value={text.value ?? shown ?? ""}
        onFocus={(event) => {
          wish.asked.value = end;
          event.currentTarget.select();
          void planner.loadStreets();
        }}
        onBlur={() => {
          text.value = undefined;
        }}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          active.value = -1;
        }}
        onKeyDown={keyed}
      />
      {place && (
        <button
          type="button"
          class="clear"
          aria-label={`${tell("clear")}: ${say(end)}`}
          onClick={() => wish.set(end, undefined)}
        >
          ×
        </button>
      )}
      <div
        id={`${id}-found`}
        class="found"
        role="listbox"
        aria-label={say(end)}
        hidden={found.length === 0}
      >
        {found.map((one, index) => (
          <button
            type="button"
            key={`${one.address} ${one.longitude}`}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active.value}
            // Before the field loses the focus, and with it the list.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(one)}
          >
            {one.address}
          </button>
        ))}
      </div>
      <p class="unseen" role="status">
        {searching && (found.length > 0 ? tell("results", { n: found.length }) : tell("no_street"))}
      </p>
      {searching && found.length === 0 && (
        <p class="hint" aria-hidden="true">
          {tell("no_street")}
        </p>
      )}
    </div>
  );
}
