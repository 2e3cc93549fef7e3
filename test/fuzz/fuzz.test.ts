import { describe, expect, it } from "@jest/globals";
import { Malformed } from "../../agent/protocol/malformed.js";
import { fuzz } from "../../scripts/fuzz/fuzz.js";
import { supervise } from "../../scripts/fuzz/supervise.js";
import { Broken } from "../../scripts/fuzz/target.js";
import { target as bundle } from "../../scripts/fuzz/targets/bundle.js";
import { target as beat } from "../../scripts/fuzz/targets/beat.js";
import { target as frame } from "../../scripts/fuzz/targets/frame.js";
import { target as list } from "../../scripts/fuzz/targets/list.js";
import { target as log } from "../../scripts/fuzz/targets/log.js";
import { target as netlink } from "../../scripts/fuzz/targets/netlink.js";
import { target as query } from "../../scripts/fuzz/targets/query.js";
import { target as root } from "../../scripts/fuzz/targets/root.js";
import { target as segment } from "../../scripts/fuzz/targets/segment.js";
import { target as smallFile } from "../../scripts/fuzz/targets/small-file.js";
import { target as snapshot } from "../../scripts/fuzz/targets/snapshot.js";
import { target as token } from "../../scripts/fuzz/targets/token.js";
import { planted } from "./planted.js";

const SEED = 20_260_101;

describe("a second of bytes that nobody meant", () => {
  it.each([
    bundle,
    beat,
    frame,
    list,
    log,
    netlink,
    query,
    root,
    segment,
    smallFile,
    snapshot,
    token,
  ])(
    "finds nothing in $name, and gets all the way in",
    async (target) => {
      const report = await fuzz(target, { seconds: 1, seed: SEED });
      expect(report.finding).toBeUndefined();
      const accepted = Object.keys(report.depths).filter((depth) =>
        depth.includes("accepted"),
      );
      expect(accepted).not.toEqual([]);
      expect(report.shapes).toBeGreaterThan(5);
    },
    30_000,
  );
});

describe("a bug that was planted is found:", () => {
  const said = (bytes: Buffer): string => {
    if (bytes.includes("four")) throw new Malformed("text", "four");
    return "text";
  };
  const pollute = (): void => {
    (Object.prototype as Record<string, unknown>)["polluted"] = 1;
  };
  // What nobody holds may be collected before it was counted.
  const hoarded: Buffer[] = [];
  const hoard = (): void => {
    hoarded.push(Buffer.alloc(64 * 1024 * 1024));
  };
  const linger = (): void => {
    const until = process.cpuUsage().user + 80_000;
    while (process.cpuUsage().user < until);
  };

  it.each([
    ["another error", "documented errors", () => Buffer.alloc(-1)],
    ["a broken promise", "promise", () => broken()],
    ["a changed prototype", "prototypes", pollute],
    ["much memory", "memory", hoard],
    ["much time", "time", linger],
  ] as const)(
    "%s",
    async (_, check, bug) => {
      const target = planted((bytes) => {
        if (bytes.includes("four and")) bug();
        return said(bytes);
      });
      const report = await fuzz(target, { seconds: 20, seed: SEED });
      expect(report.finding).toMatchObject({ check: `planted: ${check}` });
      expect(report.finding?.bytes.includes("four and")).toBe(true);
      expect(report.finding?.bytes.length).toBeLessThan(40);
    },
    60_000,
  );

  it("one that never returns, by its supervisor", async () => {
    const module = new URL("./planted.js", import.meta.url).href;
    const report = await supervise({ module, seconds: 30, seed: SEED }, 1_000);
    expect(report.finding?.check).toBe("end");
    expect(report.finding?.bytes.includes("four")).toBe(true);
  });

  it("the same inputs by the same seed", async () => {
    const seen = async (seed: number) => {
      const all: string[] = [];
      const target = planted((bytes) => {
        all.push(bytes.toString("hex"));
        if (all.length < 200) return "text";
        throw new Error("so many are enough, however slow this machine is");
      });
      await fuzz(target, { seconds: 20, seed });
      return all.slice(0, 200);
    };
    expect(await seen(SEED)).toEqual(await seen(SEED));
    expect(await seen(SEED)).not.toEqual(await seen(SEED + 1));
  });
});

function broken(): never {
  throw new Broken("promise", "it does not hold");
}
