/**
 * A key for one wish, 128 random bits. `crypto.randomUUID` is not there on
 * pages without TLS.
 */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
