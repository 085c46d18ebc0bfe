import type { Ride } from "../../../sdk/index.ts";
import { Ends } from "../../trip/ends.tsx";
import { tripSay } from "../../trip/words/index.ts";
import { duration } from "../../words/index.ts";
import type { Page } from "../page.ts";
import { freeNear, serviceNowMs } from "../state.ts";
import { tell } from "../words/index.ts";
import { CancelButton } from "./cancel.tsx";
import { Heading, Trouble } from "./sheet.tsx";

/** While no driver has taken the ride. */
export function Looking({ page, ride }: { page: Page; ride: Ride }) {
  const { search } = ride;
  const left = (untilMs: number) => duration(Math.max(0, untilMs - serviceNowMs.value));
  const deciding = ride.state === "offered" && search?.offer_until_ms !== undefined;
  return (
    <>
      <Heading>{tripSay("looking")}</Heading>
      <div class="searching" aria-hidden="true" />
      {search?.setback && (
        <p class="setback" data-testid="setback">
          {tell(search.setback)}
        </p>
      )}
      <ul class="facts">
        <li>{tell("asked_drivers", { n: search?.offers ?? 0 })}</li>
        {deciding && <li>{tell("answer_until", { time: left(search.offer_until_ms ?? 0) })}</li>}
        {freeNear.value > 0 && <li>{tell("free_near", { n: freeNear.value })}</li>}
        {search && (
          <li data-testid="until">{tell("search_until", { time: left(search.until_ms) })}</li>
        )}
      </ul>
      <Ends ride={ride} />
      <Trouble />
      <CancelButton page={page} ride={ride} />
    </>
  );
}
