import { ar } from "./ar.ts";
import { en } from "./en.ts";
import { phrases } from "./phrases.ts";
import { ru } from "./ru.ts";

/** The words that every face has. */
export const say = phrases(en, { ru, ar });
