import { useRef } from "preact/hooks";
import type { Ride } from "../../../sdk/index.ts";
import type { Page } from "../page.ts";
import { busy } from "../state.ts";
import { tell } from "../words/index.ts";

/** Asks once more before the ride is cancelled. */
export function CancelButton({ page, ride }: { page: Page; ride: Ride }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const consequence = ride.state === "in_progress" ? "aboard" : ride.driver ? "driver" : "looking";
  return (
    <>
      <button
        type="button"
        class="soft"
        disabled={busy.value === "cancel"}
        onClick={() => dialog.current?.showModal()}
      >
        {tell(busy.value === "cancel" ? "cancelling" : "cancel")}
      </button>
      <dialog ref={dialog} aria-labelledby="cancel-title">
        <h2 id="cancel-title">{tell("cancel_title")}</h2>
        <p>{tell(`cancel_${consequence}`)}</p>
        <div class="row">
          <button type="button" class="soft" onClick={() => dialog.current?.close()}>
            {tell("keep")}
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              dialog.current?.close();
              void page.cancel(ride);
            }}
          >
            {tell("cancel_ride")}
          </button>
        </div>
      </dialog>
    </>
  );
}
