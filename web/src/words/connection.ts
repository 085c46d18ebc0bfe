import type { ConnectionState } from "../../sdk/index.ts";
import { duration } from "./measures.ts";
import { say } from "./say.ts";

/** How good the news is: for the colour beside the words. */
export type Mood = "good" | "waiting" | "bad";

export interface Freshness {
  /** When the last vehicles arrived, ms; null: none yet. */
  dataAtMs: number | null;
  /** Longer than this without any is a silence worth telling, ms; may be infinite. */
  silenceMs: number;
}

/** The state of the connection in words, with the seconds that count. */
export function connectionWords(
  state: ConnectionState,
  freshness: Freshness,
  nowMs: number,
): { text: string; mood: Mood } {
  const silentMs = freshness.dataAtMs === null ? 0 : nowMs - freshness.dataAtMs;
  const old = silentMs >= freshness.silenceMs;
  const data = say("data_old", { age: duration(silentMs) });
  const also = old ? ` · ${data}` : "";
  switch (state.kind) {
    case "connecting":
      return {
        text: state.again ? `${say("reconnecting")}…${also}` : `${say("connecting")}…`,
        mood: "waiting",
      };
    case "live":
      return old ? { text: data, mood: "waiting" } : { text: say("live"), mood: "good" };
    case "waiting": {
      const seconds = Math.max(0, Math.ceil((state.retryAtMs - nowMs) / 1000));
      const verb = state.again ? "reconnecting" : "connecting";
      const when = seconds > 0 ? say(`${verb}_in`, { seconds }) : `${say(verb)}…`;
      return { text: when + also, mood: "bad" };
    }
    case "stopped": {
      const reason = state.reason || say("closed", { code: String(state.code) });
      return { text: say("not_connected_why", { reason }), mood: "bad" };
    }
  }
}

/** The same without anything that changes by the second: to be read aloud. */
export function connectionNews(state: ConnectionState): string {
  switch (state.kind) {
    case "connecting":
    case "waiting":
      return say(state.again ? "reconnecting" : "connecting");
    case "live":
      return say("live");
    case "stopped":
      return say("not_connected");
  }
}
