// What a tracker app is to be given, so that it sends positions in the page's place. Pure.
import type { VehicleInfo } from "../../sdk/index.ts";

export interface TrackerSettings {
  url: string;
  method: string;
  headers: string;
  body: string;
}

/**
 * In the terms of GPSLogger, which puts the numbers in. `%TIMESTAMP` is in
 * seconds, hence the zeros. Bearing and speed are left to the service: the app
 * says 0 for those that it does not know.
 */
export function trackerSettings(
  base: string,
  token: string,
  vehicle: VehicleInfo,
): TrackerSettings {
  const places = '{"latitude":%LAT,"longitude":%LON,"timestamp_ms":%TIMESTAMP000,"accuracy":%ACC}';
  return {
    url: new URL("v1/positions", base).href,
    method: "POST",
    headers: `Content-Type: application/json\nAuthorization: Bearer ${token}`,
    body: `{"vehicle":${JSON.stringify(vehicle)},"positions":[${places}]}`,
  };
}

/** When the token ends, ms since the Unix epoch; undefined: it does not say. */
export function expiryMs(token: string): number | undefined {
  try {
    const payload = token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const { exp } = JSON.parse(atob(payload));
    return typeof exp === "number" ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
