import { signal } from "@preact/signals";
import { record, text } from "./checks.ts";
import { fetchConfig, type PageConfig } from "./config.ts";
import { keep, recall } from "./kept.ts";
import { type Face, forgetToken, givenToken, keepToken } from "./token.ts";

/** A person of the demo, who stays the same over reloads and in all tabs of this browser. */
interface DemoPerson {
  token: string;
  user: string;
}
const demoPersonKept = record<DemoPerson>({ token: text, user: text });

/**
 * Who looks at this face: by the token that the person gave, or in a demo by
 * one that the service makes.
 */
export class Identity {
  /** Whether the page has to ask for a token, and why. */
  readonly wanted = signal<"none" | "first" | "refused">("none");
  /** The token of the newest session; empty: none yet. */
  token = "";
  /** The person's own; null: none was given. */
  private given: string | null;
  /** Whether the newest token was made for this attempt: no other would be better. */
  private made = false;

  constructor(
    private readonly face: Face,
    private readonly config: PageConfig,
  ) {
    this.given = givenToken(face);
  }

  /** For the client's `getToken`. Without one the service says so, and the form waits. */
  async fresh(): Promise<string> {
    this.token = this.given ?? (await this.offered());
    if (this.token === "") this.wanted.value = "first";
    return this.token;
  }

  /** The person gave one. */
  use(token: string): void {
    keepToken(this.face, token);
    this.given = token;
    this.wanted.value = "none";
  }

  /** The service does not take it. True: there may be another without asking, so try again. */
  refused(): boolean {
    // The person gave another one meanwhile.
    if (this.given !== null && this.given !== this.token) return true;
    const had = this.given !== null;
    this.given = null;
    forgetToken(this.face);
    const kept = this.keptPerson();
    if (!had && kept?.token && !this.made) {
      // A demo knows only the tokens that were made since its start.
      this.keep({ ...kept, token: "" });
      return true;
    }
    this.wanted.value = had || this.token !== "" ? "refused" : "first";
    return false;
  }

  /** What the service gives without asking; empty: nothing. */
  private async offered(): Promise<string> {
    // Another after each start of the service, which the page may outlive.
    if (this.face === "operator") return (await fetchConfig()).token ?? "";
    if (!this.config.demo) return "";
    const kept = this.keptPerson();
    this.made = !kept?.token;
    if (kept?.token) return kept.token;
    const person = await demoPerson(this.face, kept?.user);
    this.keep(person);
    return person.token;
  }

  private keptPerson(): DemoPerson | undefined {
    return recall("browser", this.name(), demoPersonKept);
  }

  private keep(person: DemoPerson): void {
    keep("browser", this.name(), person);
  }

  private name(): string {
    return `demo.${this.face}`;
  }
}

async function demoPerson(role: Face, user: string | undefined): Promise<DemoPerson> {
  const response = await fetch("demo/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ role, ...(user !== undefined && { user }) }),
  });
  if (!response.ok) throw new Error(`demo/token: ${response.status}`);
  return response.json();
}
