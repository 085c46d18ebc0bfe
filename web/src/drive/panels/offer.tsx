import { useEffect, useRef } from "preact/hooks";
import { distance } from "../../words/index.ts";
import { partLeft, secondsLeft } from "../ring.ts";
import { busy, type Offered, serviceNowMs } from "../state.ts";
import { minutes, tell } from "../words/index.ts";

const RADIUS = 44;
const ROUND = 2 * Math.PI * RADIUS;

interface OfferSheetProps {
  offered: Offered;
  onAccept(): void;
  onDecline(): void;
}

/** A ride to take or leave, while its time lasts. */
export function OfferSheet({ offered, onAccept, onDecline }: OfferSheetProps) {
  const { offer } = offered;
  const heading = useRef<HTMLHeadingElement>(null);
  // Heard and reached by the keyboard at once; not on a button, which a key meant for something else would press.
  useEffect(() => heading.current?.focus(), [offer.offer_id]);
  return (
    <section class="offer" aria-labelledby="offer" data-testid="offer">
      <div class="offer-top">
        <Ring {...offered} />
        <div>
          <h2 id="offer" ref={heading} tabIndex={-1}>
            {tell("offer")}
          </h2>
          <p class="big">{tell("minutes_away", { time: minutes(offer.eta.seconds) })}</p>
        </div>
      </div>
      <p class="address">
        <bdi>{offer.pickup.address ?? tell("place_unnamed")}</bdi>
      </p>
      {offer.trip && (
        <p class="soft">
          {tell("trip", {
            time: minutes(offer.trip.duration_s),
            distance: distance(offer.trip.distance_m),
          })}
        </p>
      )}
      <div class="row offer-answers">
        <button type="button" class="decline" disabled={busy.value} onClick={onDecline}>
          {tell("decline")}
        </button>
        <button type="button" class="primary large" disabled={busy.value} onClick={onAccept}>
          {tell(busy.value ? "sending" : "accept")}
        </button>
      </div>
    </section>
  );
}

function Ring({ offer, fromMs }: Offered) {
  const now = serviceNowMs.value;
  const part = partLeft(fromMs, offer.expires_at_ms, now);
  const seconds = secondsLeft(offer.expires_at_ms, now);
  return (
    <div
      class={`ring ${seconds <= 5 ? "last" : ""}`}
      role="timer"
      aria-label={tell("seconds_left", { n: seconds })}
    >
      <svg viewBox="-50 -50 100 100" aria-hidden="true">
        <circle class="track" r={RADIUS} />
        <circle
          class="left"
          r={RADIUS}
          pathLength={ROUND}
          style={{ strokeDasharray: ROUND, strokeDashoffset: ROUND * (1 - part) }}
        />
      </svg>
      <span aria-hidden="true">{seconds}</span>
    </div>
  );
}
