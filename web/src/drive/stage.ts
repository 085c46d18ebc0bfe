import type { Ride } from "../../sdk/index.ts";

/** By state: where it goes, and the one step that comes next. */
const STAGES = {
  accepted: { title: "to_pickup", step: "arrive", target: "pickup" },
  arrived: { title: "at_pickup", step: "start", target: "pickup" },
  in_progress: { title: "to_dropoff", step: "complete", target: "dropoff" },
} as const;

/** Nothing: nobody drives it. */
export function stageOf({ state }: Ride): (typeof STAGES)[keyof typeof STAGES] | undefined {
  return state in STAGES ? STAGES[state as keyof typeof STAGES] : undefined;
}
