import { backoffMs } from "./backoff.ts";
import type { ErrorBody } from "./protocol.gen.ts";

/** A request that the service refused. */
export class ServiceError extends Error {
  override name = "ServiceError";
  /** @param status of HTTP; absent: it was asked for over the socket */
  constructor(
    readonly body: ErrorBody,
    readonly status?: number,
  ) {
    super(body.message);
  }
}

/** No reply came: whether the request was carried out is not known. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/**
 * What came cannot be read, or does not follow what came before. The client
 * then comes back, which brings all anew.
 */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/**
 * Tries until it succeeds, with waits that grow; at the latest until `untilMs`
 * of `Date.now()`, and not after an answer that would be the same again.
 */
export async function persist<T>(
  untilMs: number,
  attempt: () => Promise<T>,
  isFinal: () => boolean,
): Promise<T> {
  for (let failed = 0; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      const refused = error instanceof ServiceError && !error.body.retryable;
      const waitMs = backoffMs(failed);
      if (refused || isFinal() || Date.now() + waitMs >= untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}
