import { number } from "../../words/index.ts";
import { Charts } from "../charts/charts.tsx";
import type { Samples } from "../charts/samples.ts";
import { inView, listOpen, openRides, tab } from "../state.ts";
import { tell } from "../words/index.ts";
import { Filters } from "./filters.tsx";
import { RideList, type Select, VehicleList } from "./list.tsx";

const TABS = ["vehicles", "rides", "charts"] as const;

/** Beside the map, on a phone below it: filters, and the lists that are the map for keyboards and screen readers. */
export function Side({ onSelect, samples }: { onSelect: Select; samples: Samples | undefined }) {
  if (!listOpen.value) return null;
  return (
    <section id="side" class="side" aria-label={tell("panel")}>
      <Filters />
      <Tabs />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by the keyboard too */}
      <div id="list" class="list" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${tab.value}`}>
        {tab.value === "vehicles" && <VehicleList onSelect={onSelect} />}
        {tab.value === "rides" && <RideList onSelect={onSelect} />}
        {tab.value === "charts" && samples && <Charts samples={samples} />}
      </div>
    </section>
  );
}

function Tabs() {
  const counts = { vehicles: inView.value, rides: openRides.value, charts: null };
  return (
    <div
      class="tabs"
      role="tablist"
      onKeyDown={(event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const turned = document.documentElement.dir === "rtl" ? -step : step;
        const next = TABS.indexOf(tab.value) + turned + TABS.length;
        tab.value = TABS[next % TABS.length] ?? tab.value;
        document.getElementById(`tab-${tab.value}`)?.focus();
      }}
    >
      {TABS.map((name) => {
        const count = counts[name];
        return (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={tab.value === name}
            aria-controls="list"
            tabIndex={tab.value === name ? 0 : -1}
            onClick={() => {
              tab.value = name;
            }}
          >
            {tell(`tab_${name}`)} {count !== null && <span class="n">{number(count)}</span>}
          </button>
        );
      })}
    </div>
  );
}
