import { text } from "./checks.ts";
import { keep, recall } from "./kept.ts";

/**
 * The person's token: from the address's `#token=…`, else what this tab kept.
 * Never from the query, which ends up in logs and referrers; and the fragment
 * is taken out of the address bar, so that it is not copied along by chance.
 */
export function givenToken(face: Face): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (!token) return recall("tab", nameOf(face), text) ?? null;
  fragment.delete("token");
  const rest = fragment.size > 0 ? `#${fragment}` : "";
  history.replaceState(history.state, "", location.pathname + location.search + rest);
  keepToken(face, token);
  return token;
}

/** Whose token it is: one tab may show several faces after each other. */
export type Face = "operator" | "rider" | "driver";

/** Keeps it for reloads of this tab. */
export function keepToken(face: Face, token: string): void {
  keep("tab", nameOf(face), token);
}

/** The service does not take it. */
export function forgetToken(face: Face): void {
  keep("tab", nameOf(face), null);
}

function nameOf(face: Face): string {
  return `token.${face}`;
}
