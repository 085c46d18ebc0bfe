import { computed, effect, signal } from "@preact/signals";
import { FILLS } from "../map/colors.ts";

export type Theme = "light" | "dark";

const KEY = "ridecast.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<Theme>(system.matches ? "dark" : "light");
system.addEventListener("change", () => {
  systemTheme.value = system.matches ? "dark" : "light";
});

/** What the person chose; null: as the system has it. */
const chosen = signal<Theme | null>(readChoice());

export const theme = computed<Theme>(() => chosen.value ?? systemTheme.value);

/** Chooses the other one; the choice is kept. */
export function switchTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, chosen.value);
}

effect(() => {
  const { dataset, style } = document.documentElement;
  dataset.theme = theme.value;
  // For the list, the map's legend.
  for (const [shape, fill] of Object.entries(FILLS[theme.value])) {
    style.setProperty(`--${shape}`, fill);
  }
});

function readChoice(): Theme | null {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : null;
}
