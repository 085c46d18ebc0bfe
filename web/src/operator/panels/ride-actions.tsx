import { useRef, useState } from "preact/hooks";
import type { Ride } from "../../../sdk/index.ts";
import { errorWords, tell } from "../words/index.ts";
import type { RideActions } from "./ride-card.tsx";

/** The service takes 200 bytes, which are so many letters of any script. */
const REASON_MAX = 66;

/** To give a ride to another driver, to cancel it, to share it. The first two are asked back. */
export function Actions({ ride, actions }: { ride: Ride; actions: RideActions }) {
  const [asked, setAsked] = useState<"cancel" | "reassign" | null>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const reason = useRef<HTMLInputElement>(null);
  const kept = useRef(false);
  const { ride_id, state } = ride;
  const attempt = async (what: () => Promise<void>) => {
    setBusy(true);
    setTrouble(null);
    try {
      await what();
      setAsked(null);
    } catch (error) {
      setTrouble(tell("failed", { reason: errorWords(error) }));
    } finally {
      setBusy(false);
    }
  };
  const keep = () => {
    kept.current = true;
    setAsked(null);
  };
  const given = state === "offered" || state === "accepted" || state === "arrived";
  return (
    <div class="actions">
      {asked === null && (
        <div
          class="buttons"
          ref={(buttons) => {
            if (buttons && kept.current) buttons.querySelector("button")?.focus();
            kept.current = false;
          }}
        >
          {given && (
            <button type="button" disabled={busy} onClick={() => setAsked("reassign")}>
              {tell("reassign_do")}
            </button>
          )}
          <button type="button" class="danger" disabled={busy} onClick={() => setAsked("cancel")}>
            {tell("cancel_do")}
          </button>
          <button
            type="button"
            disabled={busy}
            onClick={() => attempt(async () => setLink(await actions.share(ride_id)))}
          >
            {tell("share_do")}
          </button>
        </div>
      )}
      {asked !== null && (
        <form
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            // It is the question that is closed, not the card.
            event.preventDefault();
            keep();
          }}
          onSubmit={(event) => {
            event.preventDefault();
            const text = reason.current?.value.trim() ?? "";
            const card = event.currentTarget.closest<HTMLElement>(".card");
            void attempt(async () => {
              if (asked === "cancel") await actions.cancel(ride_id, text);
              else await actions.reassign(ride_id);
              // The form goes, and after a cancel the buttons too: the keyboard stays at the ride.
              card?.focus();
            });
          }}
        >
          <p>{tell(`${asked}_sure`)}</p>
          {asked === "cancel" && (
            <label>
              {tell("cancel_reason")}
              <input ref={reason} type="text" maxLength={REASON_MAX} />
            </label>
          )}
          <div class="buttons">
            <button type="submit" class="danger" disabled={busy}>
              {tell(asked === "cancel" ? "cancel_ride" : "reassign")}
            </button>
            <button type="button" ref={focus} disabled={busy} onClick={keep}>
              {tell("keep")}
            </button>
          </div>
        </form>
      )}
      {link !== null && <Link link={link} />}
      <p class="bad" role="alert">
        {trouble}
      </p>
    </div>
  );
}

/** The button that was pressed is gone: the keyboard goes on here. */
function focus(control: HTMLElement | null): void {
  control?.focus();
}

function Link({ link }: { link: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div class="link-out">
      <label>
        {tell("shared")}
        <input
          readOnly
          // In place of the button, which was pressed and has no more to give.
          ref={focus}
          value={link}
          onFocus={(event) => event.currentTarget.select()}
        />
      </label>
      <button
        type="button"
        // Not every page may: without, the field is there to copy from.
        onClick={() =>
          navigator.clipboard?.writeText(link).then(
            () => setCopied(true),
            () => {},
          )
        }
      >
        {tell(copied ? "copied" : "copy")}
      </button>
    </div>
  );
}
