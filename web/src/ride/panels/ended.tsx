import type { QuickReply, Ride } from "../../../sdk/index.ts";
import { ChatButton, ChatPanel } from "../../trip/chat.tsx";
import { Ends } from "../../trip/ends.tsx";
import { clock, distance, duration } from "../../words/index.ts";
import type { Page } from "../page.ts";
import { serviceNowMs } from "../state.ts";
import { tell } from "../words/index.ts";
import { Heading } from "./sheet.tsx";

/** The service lets both talk for so long after the end, ms. */
const TALK_MS = 10 * 60_000;
const QUICK: QuickReply[] = ["thank_you", "all_right"];

/** How a ride ended, and what comes next. */
export function Ended({ page, ride }: { page: Page; ride: Ride }) {
  if (ride.state === "completed") return <Completed page={page} ride={ride} />;
  const { pickup, dropoff } = ride;
  return (
    <>
      <Heading>{endWords(ride)}</Heading>
      <p>{why(ride)}</p>
      {ride.cancelled?.reason && (
        <p class="hint">{tell("reason", { reason: ride.cancelled.reason })}</p>
      )}
      <Ends ride={ride} />
      <button type="button" class="primary" onClick={() => page.newRide({ pickup, dropoff })}>
        {tell("ask_again")}
      </button>
      <button type="button" class="soft" onClick={() => page.newRide()}>
        {tell("new_ride")}
      </button>
    </>
  );
}

function Completed({ page, ride }: { page: Page; ride: Ride }) {
  const { ended_at_ms = 0, started_at_ms, distance_m, duration_s } = ride;
  const talk = serviceNowMs.value - ended_at_ms < TALK_MS;
  return (
    <>
      <Heading>{endWords(ride)}</Heading>
      <dl class="summary" data-testid="summary">
        {duration_s !== undefined && (
          <>
            <dt>{tell("on_board")}</dt>
            <dd>{duration(duration_s * 1000)}</dd>
          </>
        )}
        {distance_m !== undefined && (
          <>
            <dt>{tell("way")}</dt>
            <dd>{distance(distance_m)}</dd>
          </>
        )}
        <dt>{tell("asked_at")}</dt>
        <dd>{clock(ride.requested_at_ms)}</dd>
        {started_at_ms !== undefined && (
          <>
            <dt>{tell("time")}</dt>
            <dd>
              {clock(started_at_ms)} – {clock(ended_at_ms)}
            </dd>
          </>
        )}
      </dl>
      <Ends ride={ride} />
      <button type="button" class="primary" onClick={() => page.newRide()}>
        {tell("new_ride")}
      </button>
      <ChatButton chat={page.chat} />
      <ChatPanel chat={page.chat} other="driver" quick={QUICK} possible={talk} />
    </>
  );
}

export function endWords({ state }: Ride): string {
  if (state === "completed") return tell("arrived_title");
  return tell(state === "expired" ? "expired_title" : "cancelled_title");
}

function why({ state, cancelled }: Ride): string {
  if (state === "expired" || !cancelled) return tell("expired_note");
  return tell(`cancelled_by_${cancelled.by}`);
}
