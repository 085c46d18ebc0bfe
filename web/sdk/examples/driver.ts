import { connect, type Position, type Ride } from "../index.ts";

/** Takes the next ride that is offered and drives it to its end. */
export async function driveNext(url: string, token: string, here: () => Position) {
  const client = connect({ url, getToken: () => token });
  const driving = client.drive({ class: "car", plate: "SBX 1234", label: "White Corsa" });
  const clock = setInterval(() => driving.report(here()), 1_000);
  try {
    for await (const { event } of client.events()) {
      if (event.kind === "offer" && event.state === "open") {
        // Refused when it was withdrawn meanwhile; then another comes.
        await client.acceptOffer(event.offer_id).catch(console.warn);
      } else if (event.kind === "ride" && (await isOver(event))) {
        return event;
      }
    }
  } finally {
    clearInterval(clock);
    await driving.stop();
    client.close();
  }

  // A real driver presses a button for each of these.
  async function isOver({ ride_id, state }: Ride) {
    if (state === "accepted") await client.arrive(ride_id);
    if (state === "arrived") await client.startRide(ride_id);
    if (state === "in_progress") await client.completeRide(ride_id);
    return state === "completed" || state === "cancelled";
  }
}
