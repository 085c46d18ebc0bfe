import { computed, effect, signal } from "@preact/signals";
import { FILLS } from "../map/colors.ts";
import { oneOf } from "../service/checks.ts";
import { keep, recall } from "../service/kept.ts";

export type Theme = "light" | "dark";

const NAME = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<Theme>(system.matches ? "dark" : "light");
system.addEventListener("change", () => {
  systemTheme.value = system.matches ? "dark" : "light";
});

/** What the person chose; null: as the system has it. */
const chosen = signal<Theme | null>(recall("browser", NAME, oneOf<Theme>("light", "dark")) ?? null);

export const theme = computed<Theme>(() => chosen.value ?? systemTheme.value);

/** Chooses the other one; the choice is kept. */
export function switchTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  keep("browser", NAME, chosen.value);
}

effect(() => {
  const { dataset, style } = document.documentElement;
  dataset.theme = theme.value;
  // For the list, the map's legend.
  for (const [shape, fill] of Object.entries(FILLS[theme.value])) {
    style.setProperty(`--${shape}`, fill);
  }
});
