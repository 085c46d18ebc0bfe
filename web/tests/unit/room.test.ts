import { describe, expect, it } from "vitest";
import { isInside, roomBeside } from "../../src/map/room.ts";

const MAP = { left: 340, top: 75, right: 1280, bottom: 800 };

describe("the room that panels leave", () => {
  it("is the whole map where nothing lies over it", () => {
    expect(roomBeside(MAP, [])).toEqual(MAP);
    const beside = { left: 0, top: 75, right: 340, bottom: 800 };
    expect(roomBeside(MAP, [beside])).toEqual(MAP);
  });

  it("is told of what the browser measures, too", () => {
    class Measured {
      get left() {
        return 340;
      }
      get top() {
        return 75;
      }
      get right() {
        return 1280;
      }
      get bottom() {
        return 800;
      }
    }
    expect(roomBeside(new Measured(), [{ left: 340, top: 700, right: 1280, bottom: 800 }])).toEqual(
      { ...MAP, bottom: 700 },
    );
  });

  it("is beside a tall card on a desktop, and above one on a phone", () => {
    const card = { left: 865, top: 232, right: 1224, bottom: 768 };
    expect(roomBeside(MAP, [card])).toEqual({ ...MAP, right: 865 });
    const phone = { left: 0, top: 142, right: 390, bottom: 844 };
    const sheet = { left: 8, top: 407, right: 382, bottom: 812 };
    expect(roomBeside(phone, [sheet])).toEqual({ ...phone, bottom: 407 });
  });

  it("is beside all of several", () => {
    const low = { left: 350, top: 740, right: 480, bottom: 790 };
    const high = { left: 350, top: 85, right: 480, bottom: 130 };
    expect(roomBeside(MAP, [low, high])).toEqual({ ...MAP, top: 130, bottom: 740 });
  });

  it("is the whole map when next to nothing would be left", () => {
    const flat = { left: 0, top: 0, right: 390, bottom: 140 };
    expect(roomBeside(flat, [{ left: 8, top: 60, right: 380, bottom: 130 }])).toEqual(flat);
  });
});

it("at the rim is not inside", () => {
  expect(isInside({ x: 364, y: 400 }, MAP, 24)).toBe(false);
  expect(isInside({ x: 365, y: 400 }, MAP, 24)).toBe(true);
});
