import { numberFormat, pluralRules } from "./formats.ts";
import { type Locale, locale } from "./locale.ts";

/**
 * A phrase with `{slots}`; or one for each way in which the language counts
 * `{n}` (`Intl.PluralRules`), of which `other` serves the rest.
 */
export type Phrase = string | Forms;
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Slots = Record<string, string | number>;

/**
 * The words of a part of the page. The English ones say which there are, so
 * that a language with a missing phrase does not compile. What is returned
 * reads the locale's signal: a component that uses it follows the choice.
 */
export function phrases<Key extends string>(
  en: Record<Key, Phrase>,
  others: Record<Exclude<Locale, "en">, Record<NoInfer<Key>, Phrase>>,
): (key: Key, slots?: Slots) => string {
  const tables: Record<Locale, Record<Key, Phrase>> = { en, ...others };
  return (key, slots = {}) => {
    const phrase = tables[locale.value][key];
    const text = typeof phrase === "string" ? phrase : form(phrase, slots.n);
    return text.replace(/\{(\w+)\}/g, (slot, name: string) => {
      const value = slots[name];
      return typeof value === "number" ? number(value) : (value ?? slot);
    });
  };
}

/** A number as the language writes it. */
export function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  return numberFormat(options).format(value);
}

function form(forms: Forms, n: string | number | undefined): string {
  const rule = pluralRules().select(Number(n));
  return forms[rule] ?? forms.other;
}
