import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Ride } from "../../../sdk/index.ts";
import { moment } from "../../words/index.ts";
import { addressOf } from "../links.ts";
import type { Page } from "../page.ts";
import { busy, serviceNowMs } from "../state.ts";
import { tell } from "../words/index.ts";

/** Makes a link that shows the ride to others, says that there is one, and ends it. */
export function ShareTrip({ page, ride }: { page: Page; ride: Ride }) {
  const field = useRef<HTMLInputElement>(null);
  const copied = useSignal<"copied" | "copy_failed" | undefined>(undefined);
  const link = page.links.of(ride.ride_id, serviceNowMs.value);
  if (!link) {
    return (
      <button
        type="button"
        class="soft"
        disabled={busy.value === "share"}
        onClick={() => {
          copied.value = undefined;
          void page.share(ride);
        }}
      >
        {tell("share")}
      </button>
    );
  }
  const url = addressOf(link);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      copied.value = "copied";
    } catch {
      // Not without TLS, or not allowed.
      field.current?.select();
      copied.value = "copy_failed";
    }
  };
  return (
    <section class="share" aria-label={tell("share_title")} data-testid="share">
      <h3>{tell("share_title")}</h3>
      <p class="hint">
        {tell("share_note")} {tell("share_until", { time: moment(link.expires_at_ms) })}
      </p>
      <input ref={field} readOnly value={url} aria-label={tell("link")} dir="ltr" />
      <div class="row">
        <button type="button" class="soft" onClick={() => void copy()}>
          {tell("copy")}
        </button>
        {"share" in navigator && (
          <button
            type="button"
            class="soft"
            // Who changes their mind has done nothing wrong.
            onClick={() => void navigator.share({ text: tell("share_text"), url }).catch(() => {})}
          >
            {tell("send_link")}
          </button>
        )}
        <button
          type="button"
          class="soft"
          disabled={busy.value === "share"}
          onClick={() => void page.unshare(ride, link.token)}
        >
          {tell("share_end")}
        </button>
      </div>
      <p class="hint" role="status">
        {copied.value && tell(copied.value)}
      </p>
    </section>
  );
}
