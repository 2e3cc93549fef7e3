import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { FairQueue } from "../../../cloud/rate/fair-queue.js";
import { Gate, type Coming } from "../../../cloud/rate/gate.js";

/** Works that begin as a gate lets them, and end when they are told. */
class Works {
  readonly #gate = new Gate({
    atOnce: 2,
    lanes: [
      { queue: new FairQueue({ ofOne: 2, inAll: 3 }), atOnce: 2 },
      { queue: new FairQueue({ ofOne: 2, inAll: 3 }), atOnce: 1 },
    ],
    full: () => new Error("full"),
  });
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  start(owner: string, name: string, coming: Coming = {}): Promise<void> {
    const work = () => {
      this.begun.push(name);
      return new Promise<void>((resolve) => this.#ends.set(name, resolve));
    };
    return this.#gate.run(owner, work, coming);
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await nextTurn();
  }
}

describe("a gate", () => {
  it("lets few work at once, and of each owner one", async () => {
    const works = new Works();
    const all = ["a1", "a2", "a3"].map((name) => works.start("a", name));
    expect(works.begun).toEqual(["a1"]);
    all.push(works.start("b", "b1"));
    expect(works.begun).toEqual(["a1", "b1"]);
    all.push(works.start("c", "c1"));
    expect(works.begun).toHaveLength(2);
    // A place is free, and is taken by whose turn it is and who has none.
    await works.end("b1");
    expect(works.begun).toEqual(["a1", "b1", "c1"]);
    await works.end("c1");
    expect(works.begun).toHaveLength(3);
    await works.end("a1");
    await works.end("a2");
    await works.end("a3");
    expect(works.begun).toEqual(["a1", "b1", "c1", "a2", "a3"]);
    await Promise.all(all);
  });

  it("leaves places for the other lane, and has the first go first", async () => {
    const works = new Works();
    const all = ["a", "b"].map((owner) => {
      return works.start(owner, `${owner}1`, { lane: 1 });
    });
    expect(works.begun).toEqual(["a1"]);
    all.push(works.start("c", "c1"), works.start("d", "d1"));
    expect(works.begun).toEqual(["a1", "c1"]);
    await works.end("a1");
    expect(works.begun).toEqual(["a1", "c1", "d1"]);
    await works.end("c1");
    expect(works.begun).toEqual(["a1", "c1", "d1", "b1"]);
    for (const name of ["b1", "d1"]) await works.end(name);
    await Promise.all(all);
  });

  it("keeps no place for whom nobody waits for any more", async () => {
    const works = new Works();
    const all = ["a1", "a2"].map((name) => works.start("a", name));
    const client = new AbortController();
    const gone = client.signal;
    const left = works.start("a", "a3", { gone });
    await expect(works.start("a", "a4")).rejects.toThrow("full");
    client.abort();
    await expect(left).rejects.toThrow("full");
    await expect(works.start("a", "a5", { gone })).rejects.toThrow("full");
    all.push(works.start("a", "a6"));
    for (const name of ["a1", "a2", "a6"]) await works.end(name);
    expect(works.begun).toEqual(["a1", "a2", "a6"]);
    await Promise.all(all);
  });

  it("turns away whom it has no room for, and goes on after a failure", async () => {
    const works = new Works();
    const all = ["a1", "a2", "a3"].map((name) => works.start("a", name));
    await expect(works.start("a", "a4")).rejects.toThrow("full");
    all.push(works.start("b", "b1"), works.start("c", "c1"));
    await expect(works.start("d", "d1")).rejects.toThrow("full");
    for (const name of ["b1", "c1", "a1", "a2", "a3"]) await works.end(name);
    await Promise.all(all);
    const gate = new Gate({
      lanes: [{ queue: new FairQueue({ ofOne: 1, inAll: 1 }), atOnce: 1 }],
      ...{ atOnce: 1, full: () => new Error("full") },
    });
    const failing = gate.run("a", async () => {
      await nextTurn();
      throw new Error("it failed");
    });
    await expect(failing).rejects.toThrow("it failed");
    expect(await gate.run("a", () => Promise.resolve(1))).toBe(1);
  });
});
