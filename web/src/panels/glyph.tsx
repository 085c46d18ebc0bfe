import { type Shape, svgPath } from "../shape.ts";

/** A vehicle as the map draws it, front up: the list is the map's legend. */
export function Glyph({ shape, silent }: { shape: Shape; silent: boolean }) {
  return (
    <svg
      class={`glyph ${silent ? "silent" : shape}`}
      viewBox="-0.8 -0.8 1.6 1.6"
      aria-hidden="true"
    >
      <path d={svgPath(shape)} />
    </svg>
  );
}
