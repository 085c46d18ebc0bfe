import { useRef } from "preact/hooks";
import type { VehicleUpdate } from "../../sdk/index.ts";
import { duration } from "../words/index.ts";
import { tripSay } from "./words/index.ts";

/** A vehicle reports every few seconds: a silence longer than this is worth telling, ms. */
const OLD_MS = 20_000;
/** Its first place may take as long to come, ms. */
const PATIENCE_MS = 4_000;

/**
 * Says when the vehicle is not where it is drawn, or is not drawn. Nothing while
 * it is heard.
 *
 * @param nowMs by the service's clock
 */
export function VehicleAge({
  update,
  nowMs,
}: {
  update: VehicleUpdate | undefined;
  nowMs: number;
}) {
  const heardMs = useRef(nowMs);
  if (update) heardMs.current = nowMs;
  const missing = !update && nowMs - heardMs.current > PATIENCE_MS;
  const ageMs = update ? nowMs - update.timestamp_ms : 0;
  const old = update?.state === "silent" || ageMs > OLD_MS;
  return (
    <>
      <p class="unseen" role="status">
        {old && tripSay("not_heard")}
        {missing && tripSay("no_place")}
      </p>
      {missing && (
        <p class="stale" aria-hidden="true" data-testid="stale">
          {tripSay("no_place")}
        </p>
      )}
      {update && old && (
        <p class="stale" data-testid="stale">
          {tripSay("heard_ago", { age: duration(ageMs) })}
        </p>
      )}
    </>
  );
}
