import { type Client, type ConnectionState, connect, type Event } from "../../sdk/index.ts";
import { type PageConfig, socketUrl } from "../service/config.ts";
import { Identity } from "../service/identity.ts";

/**
 * The way to the service. It opens while the map is still made, which takes
 * longer: what it then tells is heard by whoever has set these.
 */
export class Line {
  onState: ((connection: ConnectionState) => void) | undefined;
  onEvent: ((event: Event) => void) | undefined;
  onLost: (() => void) | undefined;
  readonly identity: Identity;
  readonly client: Client;

  constructor(config: PageConfig) {
    this.identity = new Identity("operator", config);
    this.client = connect({
      url: socketUrl(),
      getToken: () => this.identity.fresh(),
      onState: (connection) => this.onState?.(connection),
      onEvent: (event) => this.onEvent?.(event),
      onLost: () => this.onLost?.(),
    });
  }
}
