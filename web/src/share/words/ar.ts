import type { Phrase } from "../../words/index.ts";
import type { en } from "./en.ts";

export const ar: Record<keyof typeof en, Phrase> = {
  title: "رحلة مشارَكة",
  loading: "جارٍ البحث عن الرحلة…",
  comes: "يصل السائق إلى نقطة الركوب خلال",
  waits: "السائق ينتظر عند نقطة الركوب",
  on_the_way: "في الطريق، الوصول خلال",
  rides: "في الطريق",
  coming: "السائق في الطريق إلى نقطة الركوب",
  completed_title: "انتهت الرحلة",
  completed_note: "كان النزول عند {time}.",
  cancelled_title: "أُلغيت الرحلة",
  expired_title: "لم يُعثر على سائق",
  ended_title: "انتهى هذا الرابط",
  ended_note: "انتهت الرحلة، أو أُوقفت مشاركتها، أو انقضت مدة الرابط. لا شيء آخر يُعرض هنا.",
  unknown_title: "لا يعرض هذا الرابط شيئًا",
  unknown_note: "انتهت الرحلة، أو أُوقفت مشاركتها، أو انقضت مدة الرابط، أو لم يُنسخ العنوان كاملًا.",
};
