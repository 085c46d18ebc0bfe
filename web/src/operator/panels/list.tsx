import { shapeOf } from "../../map/shape.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { duration, kmh } from "../../words/index.ts";
import { inView, listOpen, rows, type Seen, selectedId, serviceNowMs } from "../state.ts";
import { rideWords, tell } from "../words/index.ts";

/** The vehicles in view as a list: the map for the keyboard and the screen reader. */
export function List({ onSelect }: { onSelect(id: string): void }) {
  if (!listOpen.value) return null;
  const more = inView.value - rows.value.length;
  return (
    <section id="list" class="list" aria-label={tell("list_title")}>
      <ul>
        {rows.value.map((row) => (
          <li key={row.update.id}>
            <button
              type="button"
              aria-current={row.update.id === selectedId.value}
              onClick={() => onSelect(row.update.id)}
            >
              <Glyph
                shape={shapeOf(row.update.class)}
                silent={row.update.state === "silent"}
                ride={row.ride !== undefined}
              />
              <span class="name">{row.update.id}</span>
              <span class="detail">{detail(row)}</span>
            </button>
          </li>
        ))}
      </ul>
      {inView.value === 0 && <p>{tell("none_in_view")}</p>}
      {more > 0 && <p>{tell("more", { n: more })}</p>}
    </section>
  );
}

function detail({ update, stale, ride }: Seen): string {
  const age = tell("old", { age: duration(serviceNowMs.value - update.timestamp_ms) });
  if (update.state === "silent") return `${tell("silent")} · ${age}`;
  if (stale) return age;
  if (ride) return rideWords(ride);
  return update.speed === undefined ? update.class : `${update.class} · ${kmh(update.speed)}`;
}
