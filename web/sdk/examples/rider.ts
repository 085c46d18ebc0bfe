import { connect, type Place, type Ride, type VehicleUpdate } from "../index.ts";

/** Asks for a ride and follows it to its end. */
export async function takeRide(
  url: string,
  token: string,
  wish: { pickup: Place; dropoff: Place },
  show: (what: Ride | VehicleUpdate) => void,
) {
  const client = connect({ url, getToken: () => token });
  // Before the request, so that none is missed.
  const events = client.events();
  try {
    const { ride_id } = await client.requestRide(wish);
    client.subscribe({ kind: "ride", ride_id }, ({ vehicles }) => vehicles.forEach(show));
    for await (const { event } of events) {
      if (event.kind !== "ride" || event.ride_id !== ride_id) continue;
      show(event);
      if (["completed", "cancelled", "expired"].includes(event.state)) return event;
    }
  } finally {
    client.close();
  }
}
