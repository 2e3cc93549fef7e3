import { describe, expect, it } from "@jest/globals";
import {
  firstDivergence,
  type Place,
} from "../../service/control/positions.js";

const place = (offset: number, hash: string, epoch = "e1"): Place => ({
  ...{ epoch, offset },
  hash: hash.repeat(64),
});

describe("two histories of a feed", () => {
  it("are the same while they agree wherever both were seen", () => {
    const here = [place(1, "a"), place(3, "b")];
    const there = [place(1, "a"), place(2, "f"), place(4, "c")];
    expect(firstDivergence(here, there)).toBeUndefined();
  });

  it("diverge first at the lowest place of which they say otherwise", () => {
    const here = [place(9, "d"), place(1, "a"), place(3, "b")];
    const there = [place(9, "e"), place(3, "c"), place(1, "a")];
    expect(firstDivergence(here, there)).toEqual({
      ...{ epoch: "e1", offset: 3 },
      ...{ here: "b".repeat(64), there: "c".repeat(64) },
    });
  });

  it("of different epochs are not compared", () => {
    const there = [place(1, "b", "e2")];
    expect(firstDivergence([place(1, "a")], there)).toBeUndefined();
  });
});
