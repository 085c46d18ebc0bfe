import type { Phrase } from "../../words/index.ts";
import type { en } from "./en.ts";

export const ru: Record<keyof typeof en, Phrase> = {
  title: "Общая поездка",
  loading: "Ищем поездку…",
  comes: "Водитель будет на месте посадки через",
  waits: "Водитель ждёт на месте посадки",
  on_the_way: "В пути, на месте через",
  rides: "В пути",
  coming: "Водитель едет к месту посадки",
  completed_title: "Поездка окончена",
  completed_note: "Высадка в {time}.",
  cancelled_title: "Поездка отменена",
  expired_title: "Водитель не нашёлся",
  ended_title: "Ссылка больше не действует",
  ended_note:
    "Поездка окончена, ею перестали делиться, или срок ссылки истёк. Здесь больше нечего смотреть.",
  unknown_title: "По этой ссылке ничего нет",
  unknown_note:
    "Поездка окончена, ею перестали делиться, срок ссылки истёк, или адрес скопирован не целиком.",
};
