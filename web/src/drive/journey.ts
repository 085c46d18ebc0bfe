import { effect, untracked } from "@preact/signals";
import type { Client, Event, Place, Ride, Route, restOf } from "../../sdk/index.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { isDriven, isOver } from "../fleet/ride-book.ts";
import { apartM } from "../map/metres.ts";
import { orNull, text } from "../service/checks.ts";
import { kept } from "../service/kept.ts";
import { Chat } from "../trip/chat.ts";
import { LiveTrip } from "../trip/live-trip.ts";
import { RideNow } from "../trip/ride-now.ts";
import type { Simulator } from "./simulator.ts";
import * as state from "./state.ts";
import type { DriverView } from "./view.ts";

/** An open ride is among so many. */
const NEWEST = 10;
/** A route that begins farther from the made-up vehicle is not its own, m. */
const NOT_OURS_M = 500;

/** The ride that the driver has: which it is, what is said, and the way. */
export class Journey {
  readonly chat: Chat;
  readonly now: RideNow;
  private readonly trip: LiveTrip;
  /** The stage of the ride that the map was turned to. */
  private stage = "";
  /** The map was turned to what is offered. After a reload the vehicle's place comes later than the offer. */
  private considered = true;

  constructor(
    client: Client,
    private readonly rest: ReturnType<typeof restOf>,
    private readonly view: DriverView,
    private readonly simulator: Simulator,
    fleet: Fleet,
  ) {
    this.trip = new LiveTrip(view.view, fleet, (ride) => this.findWay(ride));
    this.now = new RideNow({
      fetch: async () => (await rest.rides({ limit: NEWEST })).rides,
      onGone: (ride) => {
        state.lost.value = ride;
      },
      mine: (ride) => isDriven(ride) || isOver(ride),
      nowMs: () => client.serverNowMs(),
      dismissed: kept("drive.dismissed", null, orNull(text)),
    });
    this.chat = new Chat({
      me: "driver",
      send: (id, body, idempotency_key) => client.sendChat(id, body, { idempotency_key }),
      read: (id, number) => client.readChat(id, number),
      load: (id) => rest.chat(id),
    });
    effect(() => this.follow(this.now.ride.value));
    effect(() => this.consider(state.offered.value));
  }

  /** A copy of a ride, by an event or a reply. */
  take(ride: Ride): void {
    const had = this.now.ride.peek();
    this.now.take(ride);
    // Given back or taken away: it is somebody else's, which is all that one may know.
    if (had?.ride_id === ride.ride_id && !isOver(had) && !this.now.ride.peek()) {
      state.lost.value = ride;
    }
  }

  event(event: Event): void {
    if (event.kind === "ride") this.take(event);
    this.chat.event(event);
  }

  /** The page was opened, or events were lost. */
  async refresh(): Promise<void> {
    await Promise.all([this.now.refresh(), this.chat.reload()]);
  }

  /** Time passes: the line shortens as the vehicle goes along it. */
  tick(): void {
    this.trip.tick();
    if (this.stage !== "") return;
    const known = this.view.attend(endsOf(state.offered.peek()), !this.considered);
    this.considered ||= known;
  }

  /** Turns the map to the ride, or to the vehicle, again. */
  centre(): void {
    state.centred.value = true;
    this.trip.centre();
    this.tick();
  }

  private follow(ride: Ride | undefined): void {
    state.ride.value = ride ?? null;
    this.chat.follow(ride);
    this.trip.show(ride);
    const stage = ride ? `${ride.ride_id} ${ride.state}` : "";
    if (stage === this.stage) return;
    this.stage = stage;
    this.simulator.stand();
    state.centred.value = true;
    const driven = ride !== undefined && !isOver(ride);
    if (driven) state.lost.value = null;
    else this.chat.show(false);
    if (ride?.state === "completed") void this.showDriven(ride);
  }

  /** An offered ride is seen on the map, as far as it is known. */
  private consider(offered: state.Offered | null): void {
    if (this.stage !== "") return;
    this.view.view.showTrip(offered?.offer);
    if (!offered) return;
    state.centred.value = true;
    // Not tracked: a map that is moved by hand afterwards stays where it was put.
    this.considered = untracked(() => this.view.attend(endsOf(offered), true));
  }

  /** From where the vehicle is to where it goes next; the made-up one drives it. */
  private async findWay(ride: Ride): Promise<Route> {
    const route = await this.rest.route(ride.ride_id);
    const simulated = state.source.peek() === "simulated" && ride.state !== "arrived";
    const current = state.ride.peek();
    const same = current?.ride_id === ride.ride_id && current.state === ride.state;
    if (!simulated || !same) return route;
    const [start] = route.line;
    const toward = ride.state === "accepted" ? "pickup" : "dropoff";
    const { longitude, latitude } = this.simulator.at;
    const ours = start && apartM(start, [longitude, latitude]) < NOT_OURS_M;
    // It will be asked for again.
    if (route.toward !== toward || !ours) throw new Error("the service knows no place of it yet");
    this.simulator.follow(route);
    return route;
  }

  private async showDriven(ride: Ride): Promise<void> {
    const track = await this.rest.track(ride.ride_id).catch(() => undefined);
    if (!track?.geometry || state.ride.peek()?.ride_id !== ride.ride_id) return;
    const line = track.geometry.coordinates;
    this.trip.showTrack(line);
    if (state.centred.peek()) this.view.view.fit([...line]);
  }
}

function endsOf(offered: state.Offered | null): Place[] {
  return offered ? [offered.offer.pickup, offered.offer.dropoff] : [];
}
