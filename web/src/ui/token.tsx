import { useRef } from "preact/hooks";
import type { Identity } from "../service/identity.ts";
import { say } from "../words/index.ts";

/** Asks for a token where the service gives none. */
export function TokenForm({
  wanted,
  onToken,
}: {
  wanted: Identity["wanted"]["value"];
  onToken(token: string): void;
}) {
  const field = useRef<HTMLInputElement>(null);
  if (wanted === "none") return null;
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        const token = field.current?.value.trim();
        if (token) onToken(token);
      }}
    >
      <h2>{say("token_title")}</h2>
      {wanted === "refused" && <p role="alert">{say("token_refused")}</p>}
      <label>
        {say("token")}
        <input ref={field} type="password" autoComplete="off" required />
      </label>
      <button type="submit">{say("connect")}</button>
    </form>
  );
}
