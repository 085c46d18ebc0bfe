import type { Client, Offer, Ride } from "../../sdk/index.ts";
import { ServiceError } from "../../sdk/index.ts";
import type { Bell } from "./bell.ts";
import { busy, offered, serviceNowMs, word } from "./state.ts";
import { errorWords, tell } from "./words/index.ts";

/** The service says when an offer is over; without a connection it does not, and after this nobody waits for it, ms. */
const GRACE_MS = 2_000;

/** The offer on the screen, from its event to its end. */
export class Offers {
  constructor(
    private readonly client: Client,
    private readonly bell: Bell,
    private readonly onTaken: (ride: Ride) => void,
  ) {
    // One of before a reload.
    const { value } = offered;
    if (value && value.offer.expires_at_ms < Date.now()) offered.value = null;
    else if (value) this.show(value.offer, value.fromMs);
  }

  /** @param atMs when it happened, by the service's clock */
  event(offer: Offer, atMs: number): void {
    if (offer.state === "open") {
      this.show(offer, atMs);
      return;
    }
    if (offered.value?.offer.offer_id !== offer.offer_id) return;
    this.clear();
    if (offer.state === "expired") word.value = () => tell("offer_expired");
    if (offer.state === "withdrawn") word.value = () => tell("offer_withdrawn");
  }

  /** To be called now and then: time passes. */
  tick(): void {
    const shown = offered.value;
    if (!shown) return;
    if (serviceNowMs.value > shown.offer.expires_at_ms + GRACE_MS && !busy.value) {
      this.clear();
      word.value = () => tell("offer_expired");
    }
  }

  accept(): Promise<void> {
    return this.answer(async (id) => this.onTaken(await this.client.acceptOffer(id)));
  }

  decline(): Promise<void> {
    return this.answer((id) => this.client.declineOffer(id));
  }

  clear(): void {
    offered.value = null;
    this.bell.stop();
  }

  private show(offer: Offer, fromMs: number): void {
    word.value = null;
    offered.value = { offer, fromMs };
    this.bell.start();
  }

  private async answer(send: (offerId: string) => Promise<unknown>): Promise<void> {
    const shown = offered.value;
    if (!shown || busy.value) return;
    this.bell.stop();
    busy.value = true;
    try {
      await send(shown.offer.offer_id);
      if (offered.value === shown) this.clear();
    } catch (error) {
      word.value = () => errorWords(error);
      const refused = error instanceof ServiceError && !error.body.retryable;
      if (refused && offered.value === shown) this.clear();
    } finally {
      busy.value = false;
    }
  }
}
