export { connectionNews, connectionWords, type Freshness, type Mood } from "./connection.ts";
export { LOCALES, type Locale, locale, speak } from "./locale.ts";
export { clock, distance, duration, kmh, moment } from "./measures.ts";
export { number, type Phrase, phrases } from "./phrases.ts";
export { say } from "./say.ts";
