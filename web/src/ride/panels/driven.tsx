import type { QuickReply, Ride } from "../../../sdk/index.ts";
import { ChatButton, ChatPanel } from "../../trip/chat.tsx";
import { Countdown, remaining } from "../../trip/countdown.tsx";
import { Ends } from "../../trip/ends.tsx";
import { VehicleAge } from "../../trip/vehicle-age.tsx";
import { VehicleCard } from "../../trip/vehicle-card.tsx";
import { tripSay } from "../../trip/words/index.ts";
import { clock, duration } from "../../words/index.ts";
import type { Page } from "../page.ts";
import { near, serviceNowMs, vehicle } from "../state.ts";
import { tell } from "../words/index.ts";
import { CancelButton } from "./cancel.tsx";
import { ShareTrip } from "./share-trip.tsx";
import { Heading, Trouble } from "./sheet.tsx";

const QUICK: QuickReply[] = [
  "on_my_way",
  "here",
  "running_late",
  "please_wait",
  "cannot_find_you",
  "all_right",
  "thank_you",
];

/** From the driver's word to the end of the ride. */
export function Driven({ page, ride }: { page: Page; ride: Ride }) {
  const eta = page.rides.eta.value;
  const now = serviceNowMs.value;
  return (
    <>
      <Heading>{headline(ride)}</Heading>
      {another(page, ride) && (
        <p class="setback" data-testid="another">
          {tell("another_driver")}
        </p>
      )}
      {eta && <Countdown eta={eta} nowMs={now} />}
      {ride.state === "in_progress" && eta && (
        <p class="hint">{tripSay("there_at", { time: clock(now + remaining(eta, now).ms) })}</p>
      )}
      {ride.state === "arrived" && ride.arrived_at_ms !== undefined && (
        <p class="hint" data-testid="waits">
          {tell("waits", { time: duration(now - ride.arrived_at_ms) })}
        </p>
      )}
      {ride.driver && (
        <VehicleCard driver={ride.driver} silent={vehicle.value?.state === "silent"} />
      )}
      <VehicleAge update={vehicle.value} nowMs={now} />
      <div class="row">
        <ChatButton chat={page.chat} />
        <button type="button" class="soft" onClick={() => page.centre()}>
          {tripSay("centre")}
        </button>
      </div>
      <ShareTrip page={page} ride={ride} />
      <Ends ride={ride} />
      <Trouble />
      <CancelButton page={page} ride={ride} />
      <ChatPanel chat={page.chat} other="driver" quick={QUICK} possible={true} />
    </>
  );
}

/** Whether the rider looks for the wrong plate, perhaps. */
export function another(page: Page, { state }: Ride): boolean {
  return page.drivers.changed.value && state !== "in_progress";
}

/** What matters now. */
export function headline(ride: Ride): string {
  const is = near.value?.ride_id === ride.ride_id ? near.value.end : undefined;
  if (ride.state === "arrived") return tell("is_here");
  if (ride.state === "in_progress") return tell(is === "dropoff" ? "near_dropoff" : "on_the_way");
  if (is === "pickup") return tell("is_near");
  return tell("comes");
}
