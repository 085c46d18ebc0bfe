import { afterEach, describe, expect, it } from "vitest";
import { ar as arabicDriver } from "../../src/drive/words/ar.ts";
import { en as englishDriver } from "../../src/drive/words/en.ts";
import { ru as russianDriver } from "../../src/drive/words/ru.ts";
import { ar as arabicOperator } from "../../src/operator/words/ar.ts";
import { en as englishOperator } from "../../src/operator/words/en.ts";
import { tell } from "../../src/operator/words/index.ts";
import { ru as russianOperator } from "../../src/operator/words/ru.ts";
import { ar as arabicRide } from "../../src/ride/words/ar.ts";
import { en as englishRide } from "../../src/ride/words/en.ts";
import { ru as russianRide } from "../../src/ride/words/ru.ts";
import { ar as arabicShare } from "../../src/share/words/ar.ts";
import { en as englishShare } from "../../src/share/words/en.ts";
import { ru as russianShare } from "../../src/share/words/ru.ts";
import { ar as arabicTrip } from "../../src/trip/words/ar.ts";
import { en as englishTrip } from "../../src/trip/words/en.ts";
import { ru as russianTrip } from "../../src/trip/words/ru.ts";
import { ar } from "../../src/words/ar.ts";
import { en } from "../../src/words/en.ts";
import { distance, duration, locale, type Phrase, say } from "../../src/words/index.ts";
import { ru } from "../../src/words/ru.ts";

/** Each face's own words, beside those of all faces. */
const TABLES: Record<string, Record<"en" | "ru" | "ar", Record<string, Phrase>>> = {
  all: { en, ru, ar },
  driver: { en: englishDriver, ru: russianDriver, ar: arabicDriver },
  operator: { en: englishOperator, ru: russianOperator, ar: arabicOperator },
  ride: { en: englishRide, ru: russianRide, ar: arabicRide },
  share: { en: englishShare, ru: russianShare, ar: arabicShare },
  trip: { en: englishTrip, ru: russianTrip, ar: arabicTrip },
};

afterEach(() => {
  locale.value = "en";
});

describe("phrases", () => {
  it("count as the language counts", () => {
    const words = (n: number) => tell("in_view", { n });
    expect([1, 2].map(words)).toEqual(["vehicle in view", "vehicles in view"]);
    locale.value = "ru";
    expect([1, 3, 5, 21].map(words)).toEqual([
      "машина на карте",
      "машины на карте",
      "машин на карте",
      "машина на карте",
    ]);
    locale.value = "ar";
    expect([2, 3].map(words)).toEqual(["مركبتان في العرض", "مركبات في العرض"]);
  });

  it("write numbers as the language does, with the digits of the map", () => {
    expect(distance(2_430)).toBe("2.4 km");
    locale.value = "ru";
    expect(distance(2_430)).toBe("2,4 км");
    locale.value = "ar";
    expect(duration(23_000)).toBe("23 ث");
  });

  it("leave a slot standing that nothing was given for", () => {
    expect(say("closed")).toBe("closed ({code})");
  });
});

const slots = (phrase: Phrase) => {
  const texts = typeof phrase === "string" ? [phrase] : [phrase.other];
  return texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).sort();
};

describe.each(Object.entries(TABLES))("the words of %s", (_, { en, ...others }) => {
  it.each(Object.entries(others))("have the same slots in %s", (_, table) => {
    for (const [key, phrase] of Object.entries(en)) {
      const theirs = table[key];
      expect(theirs && slots(theirs), key).toEqual(slots(phrase));
    }
  });
});
