import { phrases } from "../../words/index.ts";
import { ar } from "./ar.ts";
import { en } from "./en.ts";
import { ru } from "./ru.ts";

export const tell = phrases(en, { ru, ar });
