// How the driver stands, from what the panels show.
import { stageOf } from "./stage.ts";
import { connection, nowMs, offered, online, replaced, ride, sending } from "./state.ts";
import { tell } from "./words/index.ts";

/** Who sent nothing for so long is offered nothing, ms. */
const SILENT_MS = 15_000;

/** Without a ride: whether offers come, and why not. */
export function standing(): { title: string; why: string } {
  if (!online.value) return { title: tell("offline"), why: tell("offline_why") };
  if (connection.value.kind !== "live") {
    return { title: tell("no_connection"), why: tell("no_connection_why") };
  }
  const { sentAtMs } = sending.value;
  if (sentAtMs === undefined) return { title: tell("unseen"), why: tell("unseen_why") };
  if (nowMs.value - sentAtMs > SILENT_MS) return { title: tell("silent"), why: tell("silent_why") };
  return { title: tell("free"), why: tell("free_why") };
}

/** Of the tab, for a driver who looks at another one. */
export function titleWords(): string {
  if (replaced.value) return tell("replaced");
  if (offered.value) return tell("offer");
  const stage = ride.value && stageOf(ride.value);
  return stage ? tell(stage.title) : standing().title;
}
