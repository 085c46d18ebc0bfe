import type { Ride } from "../../sdk/index.ts";
import { say } from "../words/index.ts";
import { tripSay } from "./words/index.ts";

/** From where to where. */
export function Ends({ ride }: { ride: Ride }) {
  return (
    <dl class="from-to">
      {(["pickup", "dropoff"] as const).map((end) => (
        <div key={end} class={end}>
          <dt>{say(end)}</dt>
          <dd>{ride[end].address ?? tripSay("place_on_map")}</dd>
        </div>
      ))}
    </dl>
  );
}
