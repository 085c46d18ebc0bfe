import { effect } from "@preact/signals";
import type { Client, Event, Ride, restOf } from "../../sdk/index.ts";
import { isDriven } from "../fleet/ride-book.ts";
import type { Line } from "../map/trip-layer.ts";
import { Chat } from "../trip/chat.ts";
import { isOver, RideNow } from "../trip/ride-now.ts";
import { RouteLine } from "../trip/route-line.ts";
import { kept } from "./kept.ts";
import type { Simulator } from "./simulator.ts";
import * as state from "./state.ts";
import type { DriverView } from "./view.ts";

/** So long after its end the summary of a ride is still news, ms. */
const NEWS_MS = 10 * 60_000;
/** A route that could not be had is asked for again, ms. */
const ROUTE_AGAIN_MS = 3_000;

const putAway = kept<string | null>("put-away", null);

/** The ride that the driver has: which it is, what is said, and the way. */
export class Journey {
  readonly chat: Chat;
  readonly now: RideNow;
  private readonly line = new RouteLine(() => void this.findWay());
  /** The stage that the line is of. */
  private stage = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: Client,
    private readonly rest: ReturnType<typeof restOf>,
    private readonly view: DriverView,
    private readonly simulator: Simulator,
  ) {
    this.now = new RideNow({
      fetch: async () => (await rest.rides({ limit: 10 })).rides.filter(isNews),
      mine: (ride) => isDriven(ride) || isOver(ride),
      dismissed: {
        load: () => putAway.peek(),
        save: (id) => {
          putAway.value = id;
        },
      },
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
    const ride = state.ride.peek();
    const place = this.view.place();
    if (!ride || isOver(ride)) {
      this.view.attend(state.offered.peek()?.offer.pickup);
      return;
    }
    const line =
      place && ride.state !== "arrived"
        ? this.line.follow([place.longitude, place.latitude], performance.now())
        : this.line.ahead();
    this.show(ride, line);
    this.view.attend(targetOf(ride));
  }

  private follow(ride: Ride | undefined): void {
    state.ride.value = ride ?? null;
    this.chat.follow(ride);
    const driven = ride !== undefined && !isOver(ride);
    if (driven) state.lost.value = null;
    const stage = driven ? `${ride.ride_id} ${ride.state}` : "";
    if (stage === this.stage) return;
    this.stage = stage;
    this.line.clear();
    this.simulator.stand();
    state.centred.value = true;
    if (driven) {
      this.show(ride, []);
      void this.findWay();
    } else {
      this.chat.show(false);
      this.view.view.showTrip(undefined);
    }
  }

  /** An offered ride is seen on the map, as far as it is known. */
  private consider(offered: state.Offered | null): void {
    if (this.stage !== "") return;
    if (offered) state.centred.value = true;
    this.view.view.showTrip(offered?.offer);
  }

  /** From where the vehicle is to where it goes next. */
  private async findWay(): Promise<void> {
    clearTimeout(this.timer);
    const { stage } = this;
    const ride = state.ride.peek();
    if (!ride || stage === "") return;
    try {
      const route = await this.rest.route(ride.ride_id);
      if (stage !== this.stage) return;
      this.line.take(route.line);
      if (ride.state !== "arrived") this.simulator.follow(route);
      this.tick();
    } catch {
      // Without a connection, or before the vehicle has told where it is.
      if (stage === this.stage) this.timer = setTimeout(() => void this.findWay(), ROUTE_AGAIN_MS);
    }
  }

  private show({ pickup, dropoff }: Ride, line: Line): void {
    this.view.view.showTrip({ pickup, dropoff, line });
  }
}

/** Where the vehicle goes, or what it is to see next. */
function targetOf({ state, pickup, dropoff }: Ride): Ride["pickup"] {
  return state === "accepted" ? pickup : dropoff;
}

function isNews(ride: Ride): boolean {
  if (!isOver(ride)) return isDriven(ride);
  return (ride.ended_at_ms ?? 0) > state.serviceNowMs.peek() - NEWS_MS;
}
