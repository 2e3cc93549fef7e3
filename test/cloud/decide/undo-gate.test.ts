import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { UndoBusy, UndoGate } from "../../../cloud/decide/undo-gate.js";

/** Works that begin as the gate lets them, and end when they are told. */
class Works {
  readonly gate = new UndoGate();
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  start(name: string, by: string, feed: string): Promise<string> {
    return this.gate.run(by, feed, async () => {
      this.begun.push(name);
      await new Promise<void>((resolve) => this.#ends.set(name, resolve));
      return name;
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await nextTurn();
  }
}

describe("the gate of undos", () => {
  it("lets one work at a time, whatever became of the one before", async () => {
    const gate = new UndoGate();
    const first = gate.run("ann", "urgent", async () => {
      await nextTurn();
      throw new Error("it failed");
    });
    const second = gate.run("bo", "urgent", () => Promise.resolve(2));
    await expect(first).rejects.toThrow("it failed");
    expect(await second).toBe(2);
    expect(await gate.run("bo", "urgent", () => Promise.resolve(3))).toBe(3);
  });

  it("lets two more of a feed wait, and takes feeds in turn", async () => {
    const works = new Works();
    const all = ["a1", "a2", "a3"].map((name) =>
      works.start(name, "ann", "org/a"),
    );
    await expect(works.start("a4", "al", "org/a")).rejects.toThrow(UndoBusy);
    all.push(works.start("b1", "bo", "org/b"));
    for (const name of ["a1", "a2", "b1", "a3"]) {
      expect(works.begun.at(-1)).toBe(name);
      await works.end(name);
    }
    expect(await Promise.all(all)).toEqual(["a1", "a2", "a3", "b1"]);
  });

  it("has room for what rules undo, and lets it go first", async () => {
    const works = new Works();
    const all = Array.from({ length: 65 }, (_, i) =>
      works.start(`${i}`, "ann", `org/o${i}`),
    );
    await expect(works.start("", "bo", "org/b")).rejects.toThrow(UndoBusy);
    all.push(works.start("harm", "rule:harm", "urgent"));
    await works.end("0");
    expect(works.begun).toEqual(["0", "harm"]);
    await works.end("harm");
    for (let i = 1; i < 65; i++) await works.end(`${i}`);
    expect(await Promise.all(all)).toHaveLength(66);
  });
});
