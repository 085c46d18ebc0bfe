import type { Eta, Ride } from "../../../sdk/index.ts";
import { remaining, remainingWords } from "../../trip/countdown.tsx";
import { tell } from "./index.ts";

/** What the tab says: the one thing that a person who looks elsewhere wants to know. */
export function title(ride: Ride | undefined, eta: Eta | undefined, nowMs: number): string {
  const words = ride && stateWords(ride, eta, nowMs);
  return words ? `${words} · ridecast` : "ridecast";
}

function stateWords({ state }: Ride, eta: Eta | undefined, nowMs: number): string {
  switch (state) {
    case "requested":
    case "offered":
      return tell("tab_looking");
    case "arrived":
      return tell("tab_here");
    case "accepted":
      return timeWords(eta, nowMs) ?? tell("comes_soon");
    case "in_progress":
      return timeWords(eta, nowMs) ?? tell("tab_board");
    default:
      return tell("tab_over");
  }
}

/** Nothing: there is no estimate, or one so old that the tab, which has no room to say so, does not repeat it. */
function timeWords(eta: Eta | undefined, nowMs: number): string | undefined {
  const left = eta && remaining(eta, nowMs);
  return left && left.oldMs === undefined ? remainingWords(left) : undefined;
}
