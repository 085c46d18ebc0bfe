import { locale, tag } from "./locale.ts";

// What writes numbers and times takes 50 µs to make, and a list of a hundred
// vehicles writes hundreds of them in a second: each is made once.

export const numberFormat = remember(
  (tag, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(tag, options),
  tag,
);
export const dateFormat = remember(
  (tag, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(tag, options),
  tag,
);
const plurals = remember(
  (tag, _: object) => new Intl.PluralRules(tag),
  () => locale.value,
);
export const pluralRules = () => plurals({});

/** As many as there are languages and kinds of figures on the page. */
function remember<Options extends object, Made>(
  make: (tag: string, options: Options) => Made,
  tagNow: () => string,
): (options: Options) => Made {
  const made = new Map<string, Made>();
  return (options) => {
    const tag = tagNow();
    const key = tag + JSON.stringify(options);
    const known = made.get(key) ?? make(tag, options);
    made.set(key, known);
    return known;
  };
}
