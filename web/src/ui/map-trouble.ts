import { signal } from "@preact/signals";

/** What is wrong with the map itself, in the language of the moment; null: nothing. */
export const mapTrouble = signal<(() => string) | null>(null);
