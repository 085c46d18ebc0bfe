import { describe, expect, it } from "vitest";
import { type Roads, Streets } from "../../src/ride/streets.ts";

type Spot = [number, number];

function street(name: string | null, ...coordinates: Spot[]): Roads["features"][number] {
  return { properties: { name }, geometry: { type: "LineString", coordinates } };
}

const TOWN = new Streets({
  features: [
    street("Rue du Ténao", [7.42, 43.74], [7.421, 43.741]),
    street("Boulevard de Suisse", [7.42, 43.73], [7.422, 43.73], [7.424, 43.73]),
    street("Boulevard de Suisse", [7.43, 43.735], [7.431, 43.735], [7.432, 43.735]),
    street("Avenue Henri Dunant", [7.422, 43.73], [7.422, 43.735]),
    street("Avenue de Suisse", [7.41, 43.73], [7.411, 43.73]),
    street(null, [7.43, 43.73], [7.431, 43.73]),
  ],
});
const HERE: Spot = [7.42, 43.73];
const names = (text: string) => TOWN.find(text, HERE).map(({ address }) => address);

describe("the search of streets", () => {
  it("finds by the beginnings of words, without accents and in any case", () => {
    expect(names("tena")).toEqual(["Rue du Ténao"]);
    expect(names("RUE TÉN")).toEqual(["Rue du Ténao"]);
    expect(names("nao")).toEqual([]);
  });

  it("passes over the number of a house", () => {
    expect(names("Boulevard de Suisse 14")).toEqual(["Boulevard de Suisse"]);
  });

  it("has a street once, at the part that is nearest to where somebody looks", () => {
    const at = (near: Spot) => TOWN.find("boulevard suisse", near)[0]?.longitude;
    expect(at(HERE)).toBe(7.422);
    expect(at([7.44, 43.735])).toBe(7.431);
  });

  it("finds where two streets cross, and nothing where they do not", () => {
    expect(TOWN.find("suisse & dunant", HERE)).toEqual([
      { longitude: 7.422, latitude: 43.73, address: "Boulevard de Suisse & Avenue Henri Dunant" },
    ]);
    expect(names("tenao & dunant")).toEqual([]);
  });

  it("finds crossings that the coarse map has no point for", () => {
    const town = new Streets({
      features: [
        street("Avenida 18 de Julio", [7.42, 43.73], [7.43, 43.73]),
        street("Ejido", [7.424, 43.72], [7.424, 43.74]),
        // It ends at the avenue, 5 m beside the line that is drawn.
        street("Yi", [7.426, 43.730045], [7.426, 43.74]),
        street("Far", [7.426, 43.7302], [7.427, 43.74]),
      ],
    });
    const found = (text: string) => town.find(text, HERE)[0];
    expect(found("18 de julio & ejido")?.longitude).toBeCloseTo(7.424, 6);
    expect(found("18 de julio & ejido")?.latitude).toBeCloseTo(43.73, 6);
    expect(found("yi & 18")?.longitude).toBeCloseTo(7.426, 6);
    expect(found("far & 18")).toBeUndefined();
  });

  it("says nothing to nothing", () => {
    expect(names("  ")).toEqual([]);
    expect(names("&")).toEqual([]);
  });
});

describe("the street of a place", () => {
  it("is the nearest one that has a name", () => {
    expect(TOWN.nameAt([7.4231, 43.7302])).toBe("Boulevard de Suisse");
    expect(TOWN.nameAt([7.4221, 43.7335])).toBe("Avenue Henri Dunant");
  });

  it("is none where there is no street", () => {
    expect(TOWN.nameAt([7.5, 43.8])).toBeUndefined();
  });
});
