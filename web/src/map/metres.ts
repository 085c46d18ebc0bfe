// Distances in a town, where the earth is flat. Pure.

/** Of latitude, and of longitude at the equator, m. */
export const DEGREE_M = 111_195;

type Spot = readonly [longitude: number, latitude: number];

/** Between two places, m: over the plane that touches the earth there. */
export function apartM(a: Spot, b: Spot): number {
  const narrow = Math.cos((a[1] * Math.PI) / 180);
  return Math.hypot((b[0] - a[0]) * narrow, b[1] - a[1]) * DEGREE_M;
}
