import type { ConnectionState } from "../../sdk/index.ts";
import { connectionNews, connectionWords, type Freshness } from "../words/index.ts";

interface ConnectionProps {
  state: ConnectionState;
  freshness: Freshness;
  /** `Date.now()`, every second. */
  nowMs: number;
}

/** How the connection stands: to be seen with its seconds, and to be heard without them. */
export function Connection({ state, freshness, nowMs }: ConnectionProps) {
  const { text, mood } = connectionWords(state, freshness, nowMs);
  return (
    <>
      <p class={`connection ${mood}`} data-testid="connection" aria-hidden="true">
        {text}
      </p>
      {/* Its text does not change with the seconds, so they are not read aloud. */}
      <p class="unseen" role="status">
        {connectionNews(state)}
      </p>
    </>
  );
}
