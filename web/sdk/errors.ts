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

/** Whether the same request may be sent again: there was no reply, or one that says so. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof ServiceError) || error.body.retryable;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
