import { signal } from "@preact/signals";
import type { Client, Ride, RideId } from "../../sdk/index.ts";
import { ServiceError } from "../../sdk/index.ts";
import { busy, ride, word } from "./state.ts";
import { errorWords } from "./words/index.ts";

/** The service thinks that the vehicle is not at the pickup: the driver is asked. */
export const askTooFar = signal(false);
export const askCancel = signal(false);

/** What a driver does with a ride, one step after the other. */
export class Steps {
  constructor(
    private readonly client: Client,
    private readonly onRide: (ride: Ride) => void,
  ) {}

  /** Whatever comes next. */
  async next(): Promise<void> {
    const state = ride.value?.state;
    if (state === "accepted") await this.arrive(false);
    if (state === "arrived") await this.send((id) => this.client.startRide(id));
    if (state === "in_progress") await this.send((id) => this.client.completeRide(id));
  }

  /** @param force although the service thinks that the vehicle is elsewhere */
  async arrive(force: boolean): Promise<void> {
    askTooFar.value = false;
    await this.send(async (id) => {
      try {
        return await this.client.arrive(id, force ? { force } : {});
      } catch (error) {
        if (!(error instanceof ServiceError) || error.body.code !== "too_far") throw error;
        askTooFar.value = true;
        return undefined;
      }
    });
  }

  async cancel(reason: string): Promise<void> {
    askCancel.value = false;
    await this.send((id) => this.client.cancelRide(id, reason || undefined));
  }

  private async send(request: (id: RideId) => Promise<Ride | undefined>): Promise<void> {
    const { value } = ride;
    if (!value || busy.value) return;
    busy.value = true;
    word.value = null;
    try {
      const changed = await request(value.ride_id);
      if (changed) this.onRide(changed);
    } catch (error) {
      word.value = () => errorWords(error);
    } finally {
      busy.value = false;
    }
  }
}
