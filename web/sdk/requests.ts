import { ConnectionLost, ServiceError } from "./errors.ts";
import type { ClientMessage, RequestId, ServerMessage } from "./protocol.gen.ts";

/** The reply to a request that was carried out. */
export type Ok = Extract<ServerMessage, { type: "ok" }>;
type Refusal = Extract<ServerMessage, { type: "error" }>;

interface Pending {
  resolve(ok: Ok): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/** The requests of one session that have no reply yet. */
export class Requests {
  readonly #pending = new Map<RequestId, Pending>();
  #nextId = 1;

  /** Rejects with `ServiceError`, or `ConnectionLost` when no reply comes in time. */
  send(socket: WebSocket, message: ClientMessage, timeoutMs: number): Promise<Ok> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#take(id)?.reject(new ConnectionLost("no reply in time"));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ ...message, id }));
    });
  }

  reply(reply: Ok | Refusal): void {
    const pending = reply.id === undefined ? undefined : this.#take(reply.id);
    if (reply.type === "ok") pending?.resolve(reply);
    else pending?.reject(new ServiceError(reply));
  }

  /** The session is over. */
  lose(): void {
    for (const id of [...this.#pending.keys()]) {
      this.#take(id)?.reject(new ConnectionLost("the connection ended"));
    }
  }

  #take(id: RequestId): Pending | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }
}
