import { useEffect, useState } from "preact/hooks";
import { clock } from "../../words/index.ts";
import type { Past } from "../address.ts";
import { keptFromMs, type ReplayState, replay, replayOpen, serviceNowMs } from "../state.ts";
import { errorWords, tell } from "../words/index.ts";
import { SPEEDS, type Speed, within } from "./ahead.ts";
import { fromField, toField } from "./local-time.ts";

/** Windows that are often asked for, minutes. */
const USUAL = [10, 30, 60] as const;
const MINUTE_MS = 60_000;
/** What is newer than this the service may not have written down yet, ms. */
const FRESH_MS = 10_000;

export interface ReplayControls {
  askKept(): Promise<void>;
  open(past: Past): void;
  play(playing: boolean): void;
  seek(atMs: number): void;
  setSpeed(speed: Speed): void;
  again(): void;
  close(): void;
}

/** The past: which window, and where in it. */
export function ReplayPanel({ controls }: { controls: ReplayControls }) {
  if (!replayOpen.value) return null;
  const now = replay.value;
  return (
    <section class="replay" aria-label={tell("replay_title")} data-testid="replay">
      <div class="head">
        <h2>{now ? tell("replay_at", { time: clock(now.atMs, true) }) : tell("replay_title")}</h2>
        <button type="button" class="live" onClick={() => controls.close()}>
          {tell("back_to_live")}
        </button>
      </div>
      {now && <Player now={now} controls={controls} />}
      {now ? (
        <details>
          <summary>{tell("another_window")}</summary>
          <Window controls={controls} />
        </details>
      ) : (
        <Window controls={controls} />
      )}
    </section>
  );
}

function Player({ now, controls }: { now: ReplayState; controls: ReplayControls }) {
  const { past, atMs, playing, speed, waiting, trouble } = now;
  return (
    <div class="player">
      <button type="button" class="play" onClick={() => controls.play(!playing)}>
        <span aria-hidden="true">{playing ? "❚❚" : "▶"}</span> {tell(playing ? "pause" : "play")}
      </button>
      <input
        type="range"
        aria-label={tell("moment")}
        aria-valuetext={clock(atMs, true)}
        min={past.fromMs}
        max={past.toMs}
        step={1_000}
        value={atMs}
        onInput={(event) => controls.seek(event.currentTarget.valueAsNumber)}
      />
      <fieldset class="speeds">
        <legend class="unseen">{tell("speed_of")}</legend>
        {SPEEDS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === speed}
            onClick={() => controls.setSpeed(each)}
          >
            <span dir="ltr">{tell("times", { n: String(each) })}</span>
          </button>
        ))}
      </fieldset>
      <p role="status" class="soft">
        {waiting && trouble === null && tell("loading")}
      </p>
      {trouble !== null && (
        <p role="alert" class="bad">
          {tell("failed", { reason: trouble })}{" "}
          <button type="button" onClick={() => controls.again()}>
            {tell("again")}
          </button>
        </p>
      )}
    </div>
  );
}

function Window({ controls }: { controls: ReplayControls }) {
  const latestMs = () => Math.floor((serviceNowMs.peek() - FRESH_MS) / 1_000) * 1_000;
  const first = replay.peek()?.past ?? { fromMs: latestMs() - 10 * MINUTE_MS, toMs: latestMs() };
  const [past, setPast] = useState<Past>(first);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    controls.askKept().catch((error) => setTrouble(tell("failed", { reason: errorWords(error) })));
  }, [controls]);
  const open = (wanted: Past) => {
    const kept = { fromMs: keptFromMs.value ?? Number.NEGATIVE_INFINITY, toMs: latestMs() };
    const possible = within(wanted, kept);
    setTrouble(possible ? null : tell("not_kept"));
    if (!possible) return;
    setPast(possible);
    controls.open(possible);
  };
  const field = (name: "fromMs" | "toMs") => (
    <label>
      {tell(name === "fromMs" ? "from" : "to")}
      <input
        type="datetime-local"
        step={1}
        value={toField(past[name])}
        required
        onChange={(event) => {
          const ms = fromField(event.currentTarget.value);
          if (ms !== undefined) setPast({ ...past, [name]: ms });
        }}
      />
    </label>
  );
  return (
    <form
      class="window"
      onSubmit={(event) => {
        event.preventDefault();
        open(past);
      }}
    >
      {field("fromMs")}
      {field("toMs")}
      <button type="submit">{tell("show_past")}</button>
      {USUAL.map((minutes) => (
        <button
          key={minutes}
          type="button"
          onClick={() => open({ fromMs: latestMs() - minutes * MINUTE_MS, toMs: latestMs() })}
        >
          {tell("last_minutes", { n: minutes })}
        </button>
      ))}
      {keptFromMs.value !== null && (
        <p class="soft">{tell("kept_from", { time: clock(keptFromMs.value) })}</p>
      )}
      <p role="alert" class="bad">
        {trouble}
      </p>
    </form>
  );
}
