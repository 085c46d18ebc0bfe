import { backoffMs } from "../../sdk/index.ts";

/** What the service says about itself at `config.json`. */
export interface PageConfig {
  /** A token to use without asking, as in the demo. */
  token: string | null;
  /** Whether everybody may be anybody: `demo/token` gives tokens. */
  demo?: boolean;
  /** Classes of vehicles to choose from; empty or absent: none are told apart. */
  classes?: string[];
  map: {
    /** South, west, north, east of what is worth seeing first; degrees. */
    bounds: [number, number, number, number] | null;
    /** GeoJSON of the roads to draw as the base map. */
    roads: string | null;
    attribution: string;
    /**
     * Address of an operator's own MapLibre style, in place of the roads. The
     * page's policy (`connect-src`) must allow the origins of the style and of
     * all that it names: tiles, glyphs, sprites. A relative one is beside the
     * page, where the policy allows it as it is.
     */
    style: string | null;
    /** The same for dark surroundings; absent or null: `style` serves both. */
    dark_style?: string | null;
  };
}

/** Rejects when the service cannot be reached or answers with an error. */
export async function fetchConfig(): Promise<PageConfig> {
  const response = await fetch("config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return response.json();
}

/** The service may be starting: asks until it answers. */
export async function patientConfig(): Promise<PageConfig> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetchConfig();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, Math.random())));
    }
  }
}

/** The socket's address beside the page's own. */
export function socketUrl(): string {
  const url = new URL("v1/ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}
