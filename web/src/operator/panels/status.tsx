import type { ComponentChildren } from "preact";
import { Connection } from "../../ui/connection.tsx";
import { Switches } from "../../ui/switches.tsx";
import { number, say } from "../../words/index.ts";
import {
  connection,
  dataAtMs,
  inView,
  isWide,
  listOpen,
  notice,
  nowMs,
  replay,
  replayOpen,
  rideCounts,
  selection,
  shown,
  silenceMs,
  updatesPerSecond,
} from "../state.ts";
import { rideTotals, tell } from "../words/index.ts";

/** The bar on top: connection, search, counters, switches. */
export function Status({
  onRetry,
  onUncover,
  children,
}: {
  onRetry?: (() => void) | undefined;
  /** Closes the card. */
  onUncover(): void;
  /** The search. */
  children?: ComponentChildren;
}) {
  const stopped = connection.value.kind === "stopped" && onRetry;
  const freshness = { dataAtMs: dataAtMs.value, silenceMs: silenceMs.value };
  // What is on the map is not live, however well the connection is.
  const past = replay.value !== null && connection.value.kind === "live";
  const unknown = inView.value === 0 && connection.value.kind !== "live" && !replay.value;
  // On a phone there is one sheet at a time: see operator.css.
  const asksForPast = replayOpen.value && replay.value === null;
  const covered = !isWide.value && (selection.value !== null || asksForPast);
  return (
    <header class="bar">
      <h1>ridecast</h1>
      {past ? (
        <p class="connection past-shown" role="status" data-testid="connection">
          {tell("past_shown")}
        </p>
      ) : (
        <Connection state={connection.value} freshness={freshness} nowMs={nowMs.value} />
      )}
      {stopped && (
        <button type="button" onClick={onRetry}>
          {say("connect_again")}
        </button>
      )}
      {children}
      <p class="counters">
        <span data-testid="count">
          <b>{unknown ? "–" : number(inView.value)}</b> {tell("in_view", { n: inView.value })}
        </span>
        {shown.value !== "cells" && !replay.value && (
          <span data-testid="rate">
            <b>{number(updatesPerSecond.value)}</b> {tell("rate")}
          </span>
        )}
      </p>
      {!replay.value && <RideTotals />}
      <div class="switches">
        <button
          type="button"
          aria-expanded={listOpen.value && !covered}
          aria-controls="side"
          onClick={() => {
            listOpen.value = covered || !listOpen.value;
            if (!covered) return;
            onUncover();
            if (replay.value === null) replayOpen.value = false;
          }}
        >
          {tell("list")}
        </button>
        <button
          type="button"
          class="past"
          aria-expanded={replayOpen.value}
          onClick={() => {
            if (replay.value === null) replayOpen.value = !replayOpen.value;
          }}
        >
          {tell("replay")}
        </button>
        <Switches />
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
      <span class="label">{tell("rides")}</span>
      {totals.map(({ word, rides }) => (
        <span key={word}>
          <b>{number(rides)}</b> {word}
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
