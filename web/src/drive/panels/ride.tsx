import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Ride } from "../../../sdk/index.ts";
import { duration } from "../../words/index.ts";
import { stageOf } from "../stage.ts";
import { busy, serviceNowMs } from "../state.ts";
import { askCancel, askTooFar, type Steps } from "../steps.ts";
import { tell } from "../words/index.ts";
import { Ask } from "./ask.tsx";
import { Cancel } from "./cancel.tsx";

interface RidePanelProps {
  ride: Ride;
  steps: Steps;
  /** How long it takes still. */
  eta: ComponentChildren;
  children: ComponentChildren;
}

/** The ride that is driven: where to, for how long, and the next step. */
export function RidePanel({ ride, steps, eta, children }: RidePanelProps) {
  const { ride_id, state } = ride;
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that led here is gone, and the keyboard is to go on from here.
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus();
  }, [ride_id, state]);
  const stage = stageOf(ride);
  if (!stage) return null;
  const { title, step, target } = stage;
  return (
    <section class="ride" aria-labelledby="ride" data-testid="ride" data-state={state}>
      <div class="ride-top">
        <h2 id="ride" ref={heading} tabIndex={-1}>
          {tell(title)}
        </h2>
        {state === "arrived" ? <Waited ride={ride} /> : eta}
      </div>
      <p class="address">
        <bdi>{ride[target].address ?? tell("place_unnamed")}</bdi>
      </p>
      <button
        type="button"
        class="primary large"
        data-testid="next"
        disabled={busy.value}
        onClick={() => void steps.next()}
      >
        {tell(busy.value ? "sending" : step)}
      </button>
      {children}
      <button
        type="button"
        class="quiet"
        disabled={busy.value}
        onClick={() => {
          askCancel.value = true;
        }}
      >
        {tell("cancel")}
      </button>
      {askTooFar.value && (
        <Ask
          title={tell("too_far_title")}
          yes={tell("too_far_yes")}
          no={tell("too_far_no")}
          onYes={() => void steps.arrive(true)}
          onNo={() => {
            askTooFar.value = false;
          }}
        >
          <p class="soft">{tell("too_far_why")}</p>
        </Ask>
      )}
      {askCancel.value && (
        <Cancel
          ride={ride}
          onCancel={(reason) => void steps.cancel(reason)}
          onKeep={() => {
            askCancel.value = false;
          }}
        />
      )}
    </section>
  );
}

function Waited({ ride }: { ride: Ride }) {
  if (ride.arrived_at_ms === undefined) return null;
  const waited = duration(serviceNowMs.value - ride.arrived_at_ms);
  return <p class="big">{tell("waiting_for", { duration: waited })}</p>;
}
