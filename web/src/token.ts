const KEY = "ridecast.token";

/**
 * The person's token: from the address's `#token=…`, else what this tab kept.
 * Never from the query, which ends up in logs and referrers; and the fragment
 * is taken out of the address bar, so that it is not copied along by chance.
 */
export function givenToken(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (!token) return sessionStorage.getItem(KEY);
  fragment.delete("token");
  const rest = fragment.size > 0 ? `#${fragment}` : "";
  history.replaceState(history.state, "", location.pathname + location.search + rest);
  keepToken(token);
  return token;
}

/** Keeps it for reloads of this tab. */
export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** The service does not take it. */
export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
}
