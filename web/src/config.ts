/** What the service says about itself at `config.json`. */
export interface PageConfig {
  /** A token to use without asking, as in the demo. */
  token: string | null;
  map: {
    /** South, west, north, east of what is worth seeing first; degrees. */
    bounds: [number, number, number, number] | null;
    /** GeoJSON of the roads to draw as the base map. */
    roads: string | null;
    attribution: string;
    /** An operator's own MapLibre style, in place of the roads. */
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

/** The socket's address beside the page's own. */
export function socketUrl(): string {
  const url = new URL("v1/ws", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}
