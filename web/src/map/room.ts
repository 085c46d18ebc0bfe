// Where panels leave the map free.

/** In pixels of the window. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Less than this is no room: then panels are taken as if they were not there, pixels. */
const LEAST = 90;

/** What faces mark as lying over the map. */
export function panelsOver(): DOMRect[] {
  const panels = document.querySelectorAll("[data-over-map]");
  return [...panels].map((panel) => panel.getBoundingClientRect());
}

/** The part of the map beside its panels: each takes the side of the map where it costs least. */
export function roomBeside(map: Box, panels: Box[]): Box {
  // A DOMRect has nothing of its own to spread.
  const { left, top, right, bottom } = map;
  const whole: Box = { left, top, right, bottom };
  let room = whole;
  for (const panel of panels) {
    if (!meet(room, panel)) continue;
    const rests: Box[] = [
      { ...room, bottom: panel.top },
      { ...room, top: panel.bottom },
      { ...room, right: panel.left },
      { ...room, left: panel.right },
    ];
    room = rests.reduce((best, rest) => (area(rest) > area(best) ? rest : best));
  }
  const least = Math.min(room.right - room.left, room.bottom - room.top);
  return least < LEAST ? whole : room;
}

/** Whether a place is inside, and not at the very rim. */
export function isInside({ x, y }: { x: number; y: number }, box: Box, rim: number): boolean {
  return x > box.left + rim && x < box.right - rim && y > box.top + rim && y < box.bottom - rim;
}

function meet(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function area({ left, top, right, bottom }: Box): number {
  return Math.max(0, right - left) * Math.max(0, bottom - top);
}
