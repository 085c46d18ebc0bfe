import { type ErrorCode, type QuickReply, ServiceError } from "../../../sdk/index.ts";
import { phrases } from "../../words/index.ts";
import { ar } from "./ar.ts";
import { en } from "./en.ts";
import { ru } from "./ru.ts";

export const tripSay = phrases(en, { ru, ar });

const REFUSALS: Partial<Record<ErrorCode, keyof typeof en>> = {
  unknown_ride: "not_yours",
  wrong_ride_state: "too_late",
  open_ride_exists: "ride_exists",
  chat_closed: "chat_over",
  rate_limited: "too_often",
  too_many_sessions: "too_often",
  overloaded: "try_later",
  unavailable: "try_later",
  too_slow: "try_later",
};

/** Why a request was not carried out, by the code of the refusal. */
export function refusalWords(error: unknown): string {
  if (!(error instanceof ServiceError)) return tripSay("no_answer");
  const { code, message } = error.body;
  const known = REFUSALS[code];
  return known ? tripSay(known) : tripSay("refused", { reason: message });
}

/** In the reader's language; one of a newer service by its name. */
export function quickWords(quick: QuickReply): string {
  return Object.hasOwn(en, quick) ? tripSay(quick) : quick;
}
