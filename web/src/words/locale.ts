import { effect, signal } from "@preact/signals";
import { keep, recall } from "../service/kept.ts";

/** The languages that the page speaks, by their own names. Arabic is written from right to left. */
export const LOCALES = { en: "English", ru: "Русский", ar: "العربية" } as const;
export type Locale = keyof typeof LOCALES;

const NAME = "language";

/** The one that the person chose, else the first of the browser's that there is, else English. */
export const locale = signal<Locale>(recall("browser", NAME, known) ?? preferred());

/** Chooses; the choice is kept. */
export function speak(chosen: Locale): void {
  locale.value = chosen;
  keep("browser", NAME, chosen);
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

function preferred(): Locale {
  for (const language of globalThis.navigator?.languages ?? []) {
    const [first] = language.split("-");
    if (known(first)) return first;
  }
  return "en";
}

function known(language: unknown): language is Locale {
  return typeof language === "string" && Object.hasOwn(LOCALES, language);
}
