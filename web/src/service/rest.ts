/** An answer that is no success. */
export class RestError extends Error {
  override name = "RestError";
  constructor(
    path: string,
    readonly status: number,
  ) {
    super(`${path}: ${status}`);
  }

  /** Whether asking again as it is may help. */
  get passes(): boolean {
    return this.status >= 500 || this.status === 429;
  }
}

const TIMEOUT_MS = 10_000;

/** Asks the service beside the page. Rejects with `RestError`, or as `fetch` does. */
export async function get<T>(path: string, token: string): Promise<T> {
  const response = await fetch(path, {
    headers: { Authorization: `Bearer ${token}` },
    cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new RestError(path, response.status);
  return response.json();
}
