import { computed, effect, signal } from "@preact/signals";
import type { VehicleColors } from "./vehicle-layer.ts";

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
  document.documentElement.dataset.theme = theme.value;
});

function readChoice(): Theme | null {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : null;
}

export interface MapColors {
  land: string;
  /** Roads from small to large, and the line around them. */
  minor: string;
  middle: string;
  major: string;
  casing: string;
  label: string;
  halo: string;
  vehicles: VehicleColors;
}

/** A colour of CSS, `#rrggbb`, for the GPU. */
function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

export const MAP_COLORS: Record<Theme, MapColors> = {
  light: {
    land: "#e9ebe6",
    minor: "#ffffff",
    middle: "#fffdf0",
    major: "#fbe6b0",
    casing: "#c3c7bf",
    label: "#4d5259",
    halo: "#ffffff",
    vehicles: {
      fill: rgb("#0b57d0"),
      edge: rgb("#ffffff"),
      silent: rgb("#5c6068"),
      ring: rgb("#b3261e"),
    },
  },
  dark: {
    land: "#15181c",
    minor: "#363d46",
    middle: "#434b56",
    major: "#4a4a3e",
    casing: "#0e1013",
    label: "#aeb6c0",
    halo: "#15181c",
    vehicles: {
      fill: rgb("#7fd1ff"),
      edge: rgb("#06090d"),
      silent: rgb("#a7adb5"),
      ring: rgb("#ffb4ab"),
    },
  },
};
