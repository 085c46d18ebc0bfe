import type { Place } from "../../sdk/index.ts";
import { apartM, DEGREE_M } from "../map/metres.ts";

/** What the base map is drawn from. */
export interface Roads {
  features: {
    properties: { name?: string | null } | null;
    geometry: { type: string; coordinates: unknown };
  }[];
}

type Spot = [longitude: number, latitude: number];

interface Street {
  name: string;
  /** Its words, as they are compared. */
  words: string[];
  pieces: Spot[][];
}

/** A street farther away than this does not say where a place is, m. */
const NEAR_M = 120;
/** Streets that come so near to each other meet there, m: so coarse is the base map. */
const CROSSING_M = 8;
export const FOUND_MAX = 6;

/** Small letters, without accents. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function wordsOf(text: string): string[] {
  return plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The streets of the base map, by name and by place. Pure. */
export class Streets {
  private readonly byName = new Map<string, Street>();

  constructor({ features }: Roads) {
    for (const { properties, geometry } of features) {
      const name = properties?.name;
      if (!name || geometry.type !== "LineString") continue;
      const street = this.byName.get(name) ?? { name, words: wordsOf(name), pieces: [] };
      street.pieces.push(geometry.coordinates as Spot[]);
      this.byName.set(name, street);
    }
  }

  /**
   * Places for what somebody typed: a street, or where two cross ("A & B"). Each
   * word may be the beginning of one; numbers of houses are not known here.
   *
   * @param near of the same street, the part nearest to it is meant
   */
  find(text: string, near: Spot): Place[] {
    const [first = "", second] = text.split(/\s*[&+/]\s*/, 2);
    if (second) return this.crossings(first, second);
    return this.named(first)
      .slice(0, FOUND_MAX)
      .map(({ name, pieces }) => at(nearestOf(pieces.map(middle), near), name));
  }

  /** The name of the street that a place lies at. */
  nameAt(place: Spot): string | undefined {
    let best: string | undefined;
    let least = NEAR_M;
    for (const { name, pieces } of this.byName.values()) {
      for (const piece of pieces) {
        const distance = fromPieceM(piece, place, least);
        if (distance >= least) continue;
        least = distance;
        best = name;
      }
    }
    return best;
  }

  private named(text: string): Street[] {
    const words = wordsOf(text).filter((word, index) => index === 0 || !/^\d+$/.test(word));
    if (words.length === 0) return [];
    const begins = (street: Street) => street.words[0]?.startsWith(words[0] ?? "") ?? false;
    return [...this.byName.values()]
      .filter((street) => words.every((word) => street.words.some((own) => own.startsWith(word))))
      .sort(
        (a, b) =>
          Number(begins(b)) - Number(begins(a)) ||
          a.words.length - b.words.length ||
          (a.name < b.name ? -1 : 1),
      );
  }

  private crossings(first: string, second: string): Place[] {
    const found: Place[] = [];
    const others = this.named(second).slice(0, 20);
    for (const street of this.named(first).slice(0, 20)) {
      for (const other of others) {
        if (other === street) continue;
        const spot = crossing(street.pieces, other.pieces);
        if (spot) found.push(at(spot, `${street.name} & ${other.name}`));
        if (found.length === FOUND_MAX) return found;
      }
    }
    return found;
  }
}

function at([longitude, latitude]: Spot, address: string): Place {
  return { longitude, latitude, address };
}

function middle(piece: Spot[]): Spot {
  return piece[piece.length >> 1] ?? [0, 0];
}

function nearestOf(spots: Spot[], near: Spot): Spot {
  return spots.reduce((a, b) => (apartM(near, b) < apartM(near, a) ? b : a));
}

/**
 * Where two streets cross. The base map is drawn with few points: they need not
 * have one in common there, and one that ends at the other may end beside it.
 */
function crossing(as: Spot[][], bs: Spot[][]): Spot | undefined {
  for (const a of as) {
    for (const b of bs) {
      if (!close(a, b)) continue;
      const end =
        a.find((spot) => fromPieceM(b, spot, CROSSING_M) < CROSSING_M) ??
        b.find((spot) => fromPieceM(a, spot, CROSSING_M) < CROSSING_M);
      const spot = end ?? cut(a, b);
      if (spot) return spot;
    }
  }
  return undefined;
}

/** Whether they may meet at all: most do not. */
function close(a: Spot[], b: Spot[]): boolean {
  const room = (2 * CROSSING_M) / DEGREE_M;
  return ([0, 1] as const).every((axis) => {
    const [one, other] = [a, b].map((piece) => piece.map((spot) => spot[axis])) as [
      number[],
      number[],
    ];
    return (
      Math.min(...one) - room < Math.max(...other) && Math.min(...other) - room < Math.max(...one)
    );
  });
}

/** Where a segment of one lies across a segment of the other. */
function cut(a: Spot[], b: Spot[]): Spot | undefined {
  for (const [p, q] of segmentsOf(a)) {
    for (const [r, s] of segmentsOf(b)) {
      const [x, y, u, v] = [q[0] - p[0], q[1] - p[1], s[0] - r[0], s[1] - r[1]];
      const area = x * v - y * u;
      if (area === 0) continue;
      const [dx, dy] = [r[0] - p[0], r[1] - p[1]];
      const along = (dx * v - dy * u) / area;
      const across = (dx * y - dy * x) / area;
      const inside = along >= 0 && along <= 1 && across >= 0 && across <= 1;
      if (inside) return [p[0] + x * along, p[1] + y * along];
    }
  }
  return undefined;
}

function segmentsOf(piece: Spot[]): [Spot, Spot][] {
  return piece.slice(1).map((spot, index) => [piece[index] ?? spot, spot]);
}

/** How far a place is from a piece of street, m; at least `enough` when it is no nearer. */
function fromPieceM(piece: Spot[], place: Spot, enough: number): number {
  const narrow = Math.cos((place[1] * Math.PI) / 180);
  // In degrees of latitude around the place.
  const flat = ([longitude, latitude]: Spot) =>
    [(longitude - place[0]) * narrow, latitude - place[1]] as const;
  const reach = enough / DEGREE_M;
  let least = reach;
  for (let i = 0; i + 1 < piece.length; i++) {
    const [ax, ay] = flat(piece[i] ?? place);
    const [bx, by] = flat(piece[i + 1] ?? place);
    if (Math.min(ax, bx) > least || Math.max(ax, bx) < -least) continue;
    if (Math.min(ay, by) > least || Math.max(ay, by) < -least) continue;
    const [x, y] = [bx - ax, by - ay];
    const length = x * x + y * y;
    const part = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * x + ay * y) / length));
    least = Math.min(least, Math.hypot(ax + x * part, ay + y * part));
  }
  return least * DEGREE_M;
}
