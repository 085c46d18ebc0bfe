import { useEffect, useRef, useState } from "preact/hooks";
import { shapeOf } from "../../map/shape.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { duration } from "../../words/index.ts";
import type { Hit, Search } from "../search.ts";
import { serviceNowMs } from "../state.ts";
import { rideWords, tell } from "../words/index.ts";

/** One box for vehicles, plates and rides: the answers are a list to go through by the arrow keys. */
export function SearchBox({ search, onChoose }: { search: Search; onChoose(hit: Hit): void }) {
  const field = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.closest("input, textarea");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  const hits = search.hits.value ?? [];
  const shown = open && search.text.value.trim() !== "";
  const at = Math.min(active, hits.length - 1);
  const choose = (hit: Hit | undefined) => {
    if (!hit) return;
    setOpen(false);
    // A phone's keyboard goes, which lies over the card.
    if (matchMedia("(pointer: coarse)").matches) field.current?.blur();
    onChoose(hit);
  };
  const key = (event: KeyboardEvent) => {
    const { length } = hits;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (length > 0) setActive((at + step + length) % length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown) choose(hits[at]);
    } else if (event.key === "Escape" && (open || search.text.value !== "")) {
      // Not the card's too.
      event.preventDefault();
      if (open) setOpen(false);
      else search.type("");
    }
  };
  return (
    <search class="search">
      <input
        ref={field}
        type="text"
        enterKeyHint="search"
        role="combobox"
        autoComplete="off"
        spellcheck={false}
        maxLength={128}
        placeholder={tell("search")}
        aria-label={tell("search")}
        aria-keyshortcuts="/"
        aria-expanded={shown}
        aria-controls="hits"
        aria-autocomplete="list"
        {...(shown && hits[at] && { "aria-activedescendant": `hit-${at}` })}
        value={search.text.value}
        onInput={(event) => {
          search.type(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onKeyDown={key}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
      />
      <div class="hits" hidden={!shown}>
        <div id="hits" role="listbox" aria-label={tell("search")}>
          {hits.map((hit, i) => (
            <div
              key={`${hit.kind} ${hit.id}`}
              id={`hit-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              // The field keeps the focus: its blur would close the list before the click.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(hit)}
              onKeyDown={key}
            >
              <Found hit={hit} />
            </div>
          ))}
        </div>
        <p role="status">{shown && words(search)}</p>
      </div>
    </search>
  );
}

function words(search: Search): string {
  if (search.trouble.value) return tell("failed", { reason: search.trouble.value() });
  const hits = search.hits.value;
  if (hits === null) return tell("searching");
  return hits.length === 0 ? tell("nothing_found") : tell("found", { n: hits.length });
}

function Found({ hit }: { hit: Hit }) {
  if ("ride_id" in hit.found) {
    return (
      <>
        <span class={`dot ${hit.found.driver ? "taken" : "open"}`} aria-hidden="true" />
        <span class="name">{hit.detail || hit.id}</span>
        <span class="detail">
          {tell("ride")} · {rideWords(hit.found)}
        </span>
      </>
    );
  }
  const { vehicle, ride } = hit.found;
  const age = duration(serviceNowMs.value - vehicle.timestamp_ms);
  const silent = vehicle.state === "silent";
  return (
    <>
      <Glyph shape={shapeOf(vehicle.class)} silent={silent} ride={ride !== undefined} />
      <span class="name">
        {hit.id}
        {hit.detail && <span class="also"> {hit.detail}</span>}
      </span>
      <span class="detail">
        {silent ? `${tell("silent")} · ${tell("old", { age })}` : tell(ride ? "on_ride" : "free")}
      </span>
    </>
  );
}
