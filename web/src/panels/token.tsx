import { useRef } from "preact/hooks";
import { tokenWanted } from "../state.ts";

/** Asks for a token where the service gives none. */
export function TokenForm({ onToken }: { onToken(token: string): void }) {
  const field = useRef<HTMLInputElement>(null);
  if (tokenWanted.value === "none") return null;
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        const token = field.current?.value.trim();
        if (token) onToken(token);
      }}
    >
      <h2>A token is needed</h2>
      {tokenWanted.value === "refused" && (
        <p role="alert">The service did not take the last one. It may have expired.</p>
      )}
      <label>
        Access token
        <input ref={field} type="password" autoComplete="off" required />
      </label>
      <button type="submit">Connect</button>
    </form>
  );
}
