import { duration, number } from "../../words/index.ts";
import { TIMES } from "../simulator.ts";
import {
  awake,
  connection,
  hiddenForMs,
  nowMs,
  sending,
  source,
  times,
  trouble,
} from "../state.ts";
import { sendingWords, tell, troubleWords } from "../words/index.ts";

/** How the sending of positions goes, while the driver works. */
export function Sending({ onTryAgain, onSimulate }: { onTryAgain(): void; onSimulate(): void }) {
  const { refused, sentAtMs } = sending.value;
  const live = connection.value.kind === "live";
  const looking = sentAtMs === undefined && sending.value.waiting === 0 && !trouble.value;
  return (
    <div class="sending">
      {trouble.value && (
        <div class="device" role="alert" data-testid="trouble">
          <p class="trouble">{troubleWords(trouble.value)}</p>
          <div class="row">
            <button type="button" onClick={onTryAgain}>
              {tell("try_again")}
            </button>
            <button type="button" onClick={onSimulate}>
              {tell("drive_simulated")}
            </button>
          </div>
        </div>
      )}
      <p class={refused || !live ? "waiting" : "soft"} data-testid="sending">
        {looking ? tell("locating") : sendingWords(sending.value, nowMs.value).join(" · ")}
      </p>
      {source.value === "simulated" && <Simulated />}
      {hiddenForMs.value !== null && (
        <p class="waiting" role="status" data-testid="hidden">
          {tell("was_hidden", { duration: duration(hiddenForMs.value) })}
        </p>
      )}
    </div>
  );
}

/** The speed of the made-up vehicle. */
function Simulated() {
  return (
    <fieldset class="choice" aria-label={tell("speed")}>
      <span class="soft">{tell("simulated_note")}</span>
      {TIMES.map((factor) => (
        <label key={factor}>
          <input
            type="radio"
            name="times"
            checked={times.value === factor}
            onChange={() => {
              times.value = factor;
            }}
          />
          <span dir="ltr">×{number(factor)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** What a page cannot do for a driver, and what this one does against it. */
export function KeepOpen() {
  return (
    <p class="soft small">
      {tell("keep_open")} {awake.value !== null && tell(awake.value ? "wake_held" : "wake_none")}
    </p>
  );
}
