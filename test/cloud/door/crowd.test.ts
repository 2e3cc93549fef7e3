import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Crowd } from "../../../cloud/door/crowd.js";
import {
  mostConnections,
  mostOpenFiles,
} from "../../../cloud/door/open-files.js";

describe("a crowd", () => {
  it("has the oldest of the largest party make room, and not the newcomer", () => {
    const crowd = new Crowd<string>({ inAll: 4, ofOne: 3 });
    for (const name of ["a1", "a2", "a3"]) crowd.enter(name, "a");
    crowd.enter("b1", "b");
    expect(crowd.enter("c1", "c")).toBe("a1");
    expect(crowd.enter("c2", "c")).toBe("a2");
    expect([...crowd].sort()).toEqual(["a3", "b1", "c1", "c2"]);
  });

  it("lets no party have more than its share", () => {
    const crowd = new Crowd<string>({ inAll: 100, ofOne: 2 });
    crowd.enter("a1", "a");
    crowd.enter("a2", "a");
    expect(crowd.enter("a3", "a")).toBe("a1");
    expect(crowd.size).toBe(2);
  });

  it("never holds more than it may, whoever comes and goes", () => {
    const step = fc.record({
      party: fc.constantFrom("a", "b", "c", "d"),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const crowd = new Crowd<number>({ inAll: 10, ofOne: 4 });
        const there = new Map<number, string>();
        steps.forEach(({ party, leaves }, number) => {
          const [oldest] = there;
          if (leaves && oldest !== undefined) {
            crowd.leave(...oldest);
            crowd.leave(...oldest);
            there.delete(oldest[0]);
            return;
          }
          const gone = crowd.enter(number, party);
          there.set(number, party);
          if (gone !== undefined) there.delete(gone);
          expect(there.has(number)).toBe(true);
        });
        expect(new Set(crowd)).toEqual(new Set(there.keys()));
        expect(crowd.size).toBe(there.size);
        expect(crowd.size).toBeLessThanOrEqual(10);
      }),
    );
  });
});

describe("open files", () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 1048576              files\n`;

  it.each([
    ["1024", 704],
    ["20000", 19_680],
    ["1048576", 32_768],
    ["unlimited", 32_768],
    ["64", 16],
  ])(
    "of %s leave %d for connections, and the rest for the cloud",
    (soft, most) => {
      expect(mostConnections(mostOpenFiles(limits(soft)))).toBe(most);
    },
  );

  it("are few where nothing says how many", () => {
    expect(mostOpenFiles("")).toBe(1_024);
  });
});
