// How many vehicles make which colour. Pure.

/** Seven shades: more are not told apart on a map. */
export const SHADES = 7;

/**
 * The least count of each shade, for cells of which the fullest has `most`.
 * Counts of a town differ by powers, a few cells hold most: so the steps grow
 * by a factor, each rounded to a number that is easily said. Fewer steps than
 * shades where there are few vehicles.
 */
export function cellSteps(most: number): number[] {
  const factor = Math.max(1, most) ** (1 / SHADES);
  const steps = [1];
  for (let shade = 1; shade < SHADES; shade++) {
    const step = round(factor ** shade);
    if (step > (steps.at(-1) ?? 0) && step <= most) steps.push(step);
  }
  return steps;
}

/** The shade of a count: the place of the last step that it reaches. */
export function shadeOf(count: number, steps: number[]): number {
  return Math.max(
    0,
    steps.findLastIndex((step) => count >= step),
  );
}

/**
 * Steps that stay while the fullest cell changes little: every change of the
 * scale changes the meaning of all colours.
 */
export function steadyTop(known: number, most: number): number {
  return most > known || most < known / 3 ? 2 ** Math.ceil(Math.log2(Math.max(1, most))) : known;
}

/** To 1, 2, 3, 5 or 7 times a power of ten. */
function round(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  const near = [1, 2, 3, 5, 7, 10].reduce((best, each) =>
    Math.abs(each - digit) < Math.abs(best - digit) ? each : best,
  );
  return Math.max(1, Math.round(near * power));
}
