import { effect, signal } from "@preact/signals";

/** The languages that the page speaks, by their own names. Arabic is written from right to left. */
export const LOCALES = { en: "English", ru: "Русский", ar: "العربية" } as const;
export type Locale = keyof typeof LOCALES;

const KEY = "ridecast.language";

/** The one that the person chose, else the first of the browser's that there is, else English. */
export const locale = signal<Locale>(kept() ?? preferred());

/** Chooses; the choice is kept. */
export function speak(chosen: Locale): void {
  locale.value = chosen;
  localStorage.setItem(KEY, chosen);
}

/** For `Intl`: with the digits that number plates, times and the map have, in Arabic too. */
export function tag(): string {
  return `${locale.value}-u-nu-latn`;
}

if (globalThis.document) {
  effect(() => {
    document.documentElement.lang = locale.value;
    document.documentElement.dir = locale.value === "ar" ? "rtl" : "ltr";
  });
}

function kept(): Locale | undefined {
  return known(globalThis.localStorage?.getItem(KEY));
}

function preferred(): Locale {
  for (const language of globalThis.navigator?.languages ?? []) {
    const found = known(language.split("-")[0]);
    if (found) return found;
  }
  return "en";
}

function known(language: string | null | undefined): Locale | undefined {
  return language && Object.hasOwn(LOCALES, language) ? (language as Locale) : undefined;
}
