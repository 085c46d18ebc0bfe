import { isOver } from "../fleet/ride-book.ts";
import { ChatButton, ChatPanel } from "../trip/chat.tsx";
import { Countdown } from "../trip/countdown.tsx";
import { Connection } from "../ui/connection.tsx";
import { mapTrouble } from "../ui/map-trouble.ts";
import { Switches } from "../ui/switches.tsx";
import { TokenForm } from "../ui/token.tsx";
import { say } from "../words/index.ts";
import type { Drive } from "./page.ts";
import { Idle } from "./panels/idle.tsx";
import { OfferSheet } from "./panels/offer.tsx";
import { Over } from "./panels/over.tsx";
import { RidePanel } from "./panels/ride.tsx";
import { Sending } from "./panels/sending.tsx";
import * as state from "./state.ts";
import { newsWords, tell } from "./words/index.ts";

/** Silence is no news to a driver: what comes is offers. */
const NEVER = { dataAtMs: null, silenceMs: Number.POSITIVE_INFINITY };

/** What drivers say with a touch. */
const QUICK = ["on_my_way", "here", "running_late", "cannot_find_you", "all_right"] as const;

export function App({ drive }: { drive?: Drive }) {
  return (
    <>
      <Bar drive={drive} />
      <Word />
      {!drive && !mapTrouble.value && (
        <main class="sheet" data-over-map>
          <p class="soft">{tell("loading")}</p>
        </main>
      )}
      {drive && (
        <>
          {!state.centred.value && (
            <button type="button" class="over-map" onClick={() => drive.journey.centre()}>
              {tell("centre")}
            </button>
          )}
          <main class="sheet" data-over-map>
            <p class="unseen" role="status" data-testid="news">
              {!state.replaced.value && newsWords(state.ride.value, state.offered.value?.offer)}
            </p>
            <Sheet drive={drive} />
          </main>
          <ChatPanel
            chat={drive.journey.chat}
            other="rider"
            quick={QUICK}
            possible={state.ride.value !== null && !isOver(state.ride.value)}
          />
          <TokenForm wanted={drive.tokenWanted} onToken={(token) => drive.useToken(token)} />
        </>
      )}
    </>
  );
}

function Bar({ drive }: { drive: Drive | undefined }) {
  const { kind } = state.connection.value;
  const stopped = kind === "stopped" && !state.replaced.value && drive?.tokenWanted === "none";
  return (
    <header class="bar">
      <h1>ridecast</h1>
      <Connection state={state.connection.value} freshness={NEVER} nowMs={state.nowMs.value} />
      {stopped && (
        <button type="button" onClick={() => drive.retry()}>
          {say("connect_again")}
        </button>
      )}
      <div class="switches">
        <button
          type="button"
          class="sound"
          aria-label={tell("sound")}
          aria-pressed={!state.muted.value}
          onClick={() => {
            state.muted.value = !state.muted.value;
          }}
        >
          <Speaker on={!state.muted.value} />
        </button>
        <Switches />
      </div>
    </header>
  );
}

function Speaker({ on }: { on: boolean }) {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M3 9v6h4l5 4V5L7 9z" />
      <path
        class="waves"
        d={on ? "M15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" : "M16 9l6 6M22 9l-6 6"}
      />
    </svg>
  );
}

/** The one thing that matters now. */
function Sheet({ drive }: { drive: Drive }) {
  const { replaced, offered } = state;
  const ride = state.ride.value;
  const over = state.lost.value ?? (ride && isOver(ride) ? ride : null);
  const sending = (
    <Sending onTryAgain={() => drive.tryAgain()} onSimulate={() => drive.simulate()} />
  );
  if (replaced.value) return <Replaced onHere={() => drive.retry()} />;
  if (ride && !isOver(ride)) {
    const eta = drive.journey.now.eta.value;
    return (
      <RidePanel
        ride={ride}
        steps={drive.steps}
        eta={eta && <Countdown eta={eta} nowMs={state.serviceNowMs.value} />}
      >
        <ChatButton chat={drive.journey.chat} />
        {sending}
      </RidePanel>
    );
  }
  if (offered.value) {
    return (
      <OfferSheet
        offered={offered.value}
        onAccept={() => void drive.offers.accept()}
        onDecline={() => void drive.offers.decline()}
      />
    );
  }
  if (over) return <Over ride={over} onDone={() => drive.seen()} />;
  return (
    <Idle
      token={() => drive.token}
      onVehicle={(info) => drive.useVehicle(info)}
      onOnline={(on) => drive.setOnline(on)}
    >
      {sending}
    </Idle>
  );
}

function Replaced({ onHere }: { onHere(): void }) {
  return (
    <section aria-labelledby="replaced" data-testid="replaced">
      <h2 id="replaced">{tell("replaced")}</h2>
      <p class="soft">{tell("replaced_why")}</p>
      <button type="button" class="primary large" onClick={onHere}>
        {tell("drive_here")}
      </button>
    </section>
  );
}

/** News that pass; said aloud. */
function Word() {
  const word = state.word.value?.() || mapTrouble.value?.();
  return (
    <div class="word" role="status" data-testid="word" data-over-map>
      {word && (
        <>
          <span>{word}</span>
          <button
            type="button"
            aria-label={say("close")}
            onClick={() => {
              state.word.value = null;
              mapTrouble.value = null;
            }}
          >
            ×
          </button>
        </>
      )}
    </div>
  );
}
