// Web Mercator as MapLibre has it: x and y from 0 to 1, y to the south.

/** Beyond it the plane ends. */
const LATITUDE_MAX = 85.051129;

export function mercatorX(longitude: number): number {
  return (longitude + 180) / 360;
}

export function mercatorY(latitude: number): number {
  const clamped = Math.min(LATITUDE_MAX, Math.max(-LATITUDE_MAX, latitude));
  const radians = (clamped * Math.PI) / 180;
  return 0.5 - Math.asinh(Math.tan(radians)) / (2 * Math.PI);
}

export function longitudeOf(x: number): number {
  return wrapLongitude(x * 360 - 180);
}

export function latitudeOf(y: number): number {
  return (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) * 180) / Math.PI;
}

/** −180 up to, not including, 180. */
export function wrapLongitude(longitude: number): number {
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

/** The x of the same place that is nearest to `near`, once or more around the world. */
export function nearestX(x: number, near: number): number {
  return x - Math.round(x - near);
}
