import { describe, expect, it, jest } from "@jest/globals";
import { install, uninstall } from "../../installer/carry-out.js";
import { Scratch } from "./scratch.js";

const quiet = () => undefined;

/** Some hundred installations, with every fsync that they ask for. */
jest.setTimeout(120_000);

/** How many acts an installation, or its undoing, is made of. */
async function actsOf(work: (scratch: Scratch) => Promise<void>) {
  using scratch = new Scratch();
  if (work === undo) await begin(scratch);
  scratch.actsLeft = 1_000;
  await work(scratch);
  return 1_000 - scratch.actsLeft;
}

const begin = (scratch: Scratch) =>
  install(scratch.plan(), scratch.host, quiet);
const undo = (scratch: Scratch) =>
  uninstall(scratch.plan(), scratch.host, quiet);

/** Runs `work` until its process ends before act number `acts`. */
async function interrupted(
  scratch: Scratch,
  acts: number,
  work: (scratch: Scratch) => Promise<void>,
): Promise<void> {
  scratch.actsLeft = acts;
  await expect(work(scratch)).rejects.toThrow("here the process ended");
  scratch.actsLeft = Infinity;
}

describe("an installer that ends before any one of its acts", () => {
  it("finishes on the next run", async () => {
    const whole = await installed();
    const acts = await actsOf(begin);
    expect(acts).toBeGreaterThan(30);
    for (let act = 0; act < acts; act++) {
      using scratch = new Scratch();
      await interrupted(scratch, act, begin);
      await begin(scratch);
      expect([act, scratch.listing()]).toEqual([act, whole]);
    }
  });

  it("leaves nothing that uninstall does not take away", async () => {
    const acts = await actsOf(begin);
    for (let act = 0; act < acts; act++) {
      using scratch = new Scratch();
      const before = scratch.listing();
      await interrupted(scratch, act, begin);
      await undo(scratch);
      expect([act, scratch.listing()]).toEqual([act, before]);
    }
  });
});

describe("an uninstaller that ends before any one of its acts", () => {
  it("takes away the rest on the next run, or installs anew", async () => {
    const whole = await installed();
    const acts = await actsOf(undo);
    for (let act = 0; act < acts; act++) {
      using scratch = new Scratch();
      const before = scratch.listing();
      await begin(scratch);
      await interrupted(scratch, act, undo);
      if (act % 2 === 0) {
        await begin(scratch);
        expect([act, scratch.listing()]).toEqual([act, whole]);
      }
      await undo(scratch);
      expect([act, scratch.listing()]).toEqual([act, before]);
    }
  });
});

async function installed(): Promise<unknown> {
  using scratch = new Scratch();
  await begin(scratch);
  return scratch.listing();
}
