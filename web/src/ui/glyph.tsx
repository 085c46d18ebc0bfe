import { DOT, type Shape, svgPath } from "../map/shape.ts";

/** A vehicle as the map draws it, front up: the list is the map's legend. */
export function Glyph({ shape, silent, ride }: { shape: Shape; silent: boolean; ride: boolean }) {
  return (
    <svg
      class={`glyph ${silent ? "silent" : shape}`}
      viewBox="-0.8 -0.8 1.6 1.6"
      aria-hidden="true"
    >
      <path d={svgPath(shape)} />
      {ride && <circle class="dot" r={DOT} />}
    </svg>
  );
}
