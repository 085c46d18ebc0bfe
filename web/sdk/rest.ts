import { persist, ServiceError } from "./errors.ts";
import type {
  ChatPage,
  ErrorBody,
  Estimate,
  Nearby,
  NearbyVehicles,
  Place,
  Ride,
  RideCounts,
  RideId,
  RideState,
  RidesPage,
  Route,
  ShareLink,
  Ticket,
  VehicleClass,
} from "./protocol.gen.ts";

/** What is looked for in the address; what is undefined is left out. */
export type Query = Record<string, string | number | undefined>;

/** Where a ride's vehicle was, as GeoJSON. */
export interface Track {
  type: "Feature";
  /** Longitude first. Null: fewer than two places. */
  geometry: { type: "LineString"; coordinates: [number, number][] } | null;
  properties: { ride_id: RideId; state: RideState; distance_m: number; times_ms: number[] };
}

export type Rest = ReturnType<typeof restOf>;

/**
 * The service's REST. Rejects with `ServiceError`, or as `fetch` does. A `GET`
 * is tried again, with back-off, while the network or the service is away.
 *
 * @param baseUrl of the service, with a slash at the end
 * @param getToken asked before each try
 * @param timeoutMs for all tries of a request together
 */
export function restOf(
  baseUrl: string | URL,
  getToken: () => string | Promise<string>,
  timeoutMs = 10_000,
) {
  async function ask<T>(method: string, path: string, query: Query): Promise<T> {
    const untilMs = Date.now() + timeoutMs;
    const url = new URL(path, baseUrl);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return persist(
      untilMs,
      async () => {
        const response = await fetch(url, {
          method,
          headers: { Authorization: `Bearer ${await getToken()}` },
          cache: "no-store",
          signal: AbortSignal.timeout(Math.max(0, untilMs - Date.now())),
        });
        if (!response.ok) throw new ServiceError(await bodyOf(response), response.status);
        return response.status === 204 ? undefined : response.json();
      },
      () => method !== "GET",
    );
  }

  /** What has no method here. `path` is below the base: `v1/…`. */
  const get = <T>(path: string, query: Query = {}) => ask<T>("GET", path, query);
  const ofRide = (id: RideId, what = "") => `v1/rides/${encodeURIComponent(id)}${what}`;

  return {
    get,
    rides: (query: { limit?: number; before?: string; state?: RideState } = {}) =>
      get<RidesPage>("v1/rides", query),
    ride: (id: RideId) => get<Ride>(ofRide(id)),
    counts: () => get<RideCounts>("v1/rides/counts"),
    track: (id: RideId) => get<Track>(ofRide(id, "/track")),
    chat: (id: RideId, query: { limit?: number; before?: number } = {}) =>
      get<ChatPage>(ofRide(id, "/chat"), query),
    route: (id: RideId) => get<Route>(ofRide(id, "/route")),
    share: (id: RideId) => ask<ShareLink>("POST", ofRide(id, "/share"), {}),
    unshare: (id: RideId, token: string) => ask<void>("DELETE", ofRide(id, `/share/${token}`), {}),
    nearby: (query: Nearby) => get<NearbyVehicles>("v1/vehicles", query),
    estimate: (wish: { pickup: Place; dropoff: Place; vehicle_class?: VehicleClass }) =>
      get<Estimate>("v1/estimate", {
        pickup_latitude: wish.pickup.latitude,
        pickup_longitude: wish.pickup.longitude,
        dropoff_latitude: wish.dropoff.latitude,
        dropoff_longitude: wish.dropoff.longitude,
        vehicle_class: wish.vehicle_class,
      }),
    ticket: () => ask<Ticket>("POST", "v1/tickets", {}),
  };
}

/** Something between here and the service answers in words of its own. */
async function bodyOf(response: Response): Promise<ErrorBody> {
  const { status } = response;
  const other = { code: "unavailable", message: `HTTP ${status}`, retryable: status >= 500 };
  return response.json().catch(() => other);
}
