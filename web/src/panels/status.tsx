import { computed } from "@preact/signals";
import {
  connection,
  dataAtMs,
  inView,
  listOpen,
  notice,
  nowMs,
  rideCounts,
  silenceMs,
  tokenWanted,
  updatesPerSecond,
} from "../state.ts";
import { switchTheme, theme } from "../theme.ts";
import { connectionNews, connectionWords, rideTotals } from "../words.ts";

const words = computed(() => {
  const freshness = { dataAtMs: dataAtMs.value, silenceMs: silenceMs.value };
  return connectionWords(connection.value, freshness, nowMs.value);
});
/** A computed signal changes only with its text: seconds are not read aloud. */
const news = computed(() => connectionNews(connection.value));

/** The bar on top: connection, counters, switches. */
export function Status({ onRetry }: { onRetry(): void }) {
  const count = inView.value;
  const { text, mood } = words.value;
  const stopped = connection.value.kind === "stopped" && tokenWanted.value === "none";
  return (
    <header class="bar">
      <h1>ridecast</h1>
      <p class={`connection ${mood}`} data-testid="connection" aria-hidden="true">
        {text}
      </p>
      <p class="unseen" role="status">
        {news}
      </p>
      {stopped && (
        <button type="button" onClick={onRetry}>
          Connect again
        </button>
      )}
      <p class="counters">
        <span data-testid="count">
          <b>{count}</b> {count === 1 ? "vehicle" : "vehicles"} in view
        </span>
        <span data-testid="rate">
          <b>{updatesPerSecond}</b> updates/s
        </span>
      </p>
      <RideTotals />
      <div class="switches">
        <button
          type="button"
          aria-expanded={listOpen.value}
          aria-controls="list"
          onClick={() => {
            listOpen.value = !listOpen.value;
          }}
        >
          List
        </button>
        <button type="button" aria-pressed={theme.value === "dark"} onClick={switchTheme}>
          Dark
        </button>
      </div>
    </header>
  );
}

/** How the rides stand, of all the service's and not only of those in view. */
function RideTotals() {
  const totals = rideTotals(rideCounts.value ?? []);
  if (totals.length === 0) return null;
  return (
    <p class="counters rides" data-testid="rides">
      <span class="label">Rides:</span>
      {totals.map(({ word, rides }) => (
        <span key={word}>
          <b>{rides}</b> {word}
        </span>
      ))}
    </p>
  );
}

/** What is wrong with the map or what it shows. */
export function Notice() {
  return (
    <p class="notice" role="alert" hidden={notice.value === null} data-testid="notice">
      {notice}
    </p>
  );
}
