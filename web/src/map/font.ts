import type { Map as MapLibre } from "maplibre-gl";

/**
 * For our own words on the map: the browser's own font; where the style names
 * a glyph server, that has only the fonts of the style.
 */
export function labelFont(map: MapLibre): string[] {
  const { glyphs, layers } = map.getStyle();
  const fonts = layers.map((layer) => layer.type === "symbol" && layer.layout?.["text-font"]);
  const named = glyphs ? fonts.find(isPlain) : undefined;
  return named ?? ["sans-serif"];
}

/** A list of fonts, and no expression that gives one. */
function isPlain(font: unknown): font is string[] {
  return Array.isArray(font) && font[0] !== "get" && font.every((name) => typeof name === "string");
}
