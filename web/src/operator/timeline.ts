// The course of a ride from its own times. Pure.
import type { Ride, RideState } from "../../sdk/index.ts";

export interface Step {
  what:
    | "requested"
    | "offered"
    | "accepted"
    | "arrived"
    | "started"
    | "completed"
    | "cancelled"
    | "expired";
  /** Absent: nobody says when, or it is still to come. */
  atMs?: number;
  /** Since the step before it that has a time, ms. */
  tookMs?: number;
  /** It is over, it is now, or it is still to come. */
  when: "past" | "now" | "ahead";
}

const ORDER: readonly RideState[] = ["requested", "offered", "accepted", "arrived", "in_progress"];
const OF_STATE: Record<RideState, Step["what"]> = {
  requested: "requested",
  offered: "offered",
  accepted: "accepted",
  arrived: "arrived",
  in_progress: "started",
  completed: "completed",
  cancelled: "cancelled",
  expired: "expired",
};

/** The steps that were taken, the one of now, and those that a ride without trouble still has before it. */
export function timeline(ride: Ride): Step[] {
  const times: Partial<Record<Step["what"], number | undefined>> = {
    requested: ride.requested_at_ms,
    accepted: ride.accepted_at_ms,
    arrived: ride.arrived_at_ms,
    started: ride.started_at_ms,
  };
  const over = !ORDER.includes(ride.state);
  const reached = over
    ? ORDER.findLastIndex((state) => times[OF_STATE[state]] !== undefined)
    : ORDER.indexOf(ride.state);
  const steps: Step[] = [];
  let beforeMs: number | undefined;
  const add = (what: Step["what"], atMs: number | undefined, when: Step["when"]) => {
    const tookMs = atMs !== undefined && beforeMs !== undefined ? atMs - beforeMs : undefined;
    steps.push({
      what,
      when,
      ...(atMs !== undefined && { atMs }),
      ...(tookMs !== undefined && { tookMs: Math.max(0, tookMs) }),
    });
    beforeMs = atMs ?? beforeMs;
  };
  ORDER.forEach((state, index) => {
    const what = OF_STATE[state];
    if (over && index > reached) return;
    const when = over || index < reached ? "past" : index === reached ? "now" : "ahead";
    // A ride that is given back has the times of its first driver no more.
    add(what, when === "ahead" ? undefined : times[what], when);
  });
  if (over) add(OF_STATE[ride.state], ride.ended_at_ms, "now");
  else add("completed", undefined, "ahead");
  return steps;
}
