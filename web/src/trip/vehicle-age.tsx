import type { VehicleUpdate } from "../../sdk/index.ts";
import { duration } from "../words/index.ts";
import { tripSay } from "./words/index.ts";

/** A vehicle reports every few seconds: a silence longer than this is worth telling, ms. */
const OLD_MS = 20_000;

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
  const ageMs = update ? nowMs - update.timestamp_ms : 0;
  const old = update?.state === "silent" || ageMs > OLD_MS;
  return (
    <>
      <p class="unseen" role="status">
        {update ? old && tripSay("not_heard") : tripSay("no_place")}
      </p>
      {!update && (
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
