import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { NO_HASH } from "../../../agent/model/position.js";
import { rootOver, leafHash } from "../../../agent/protocol/merkle-tree.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { signerOf } from "../../../agent/trust/sign.js";
import { sealChain } from "../../../cloud/feeds/chain.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { SqliteObservations } from "../../../cloud/journal/sqlite-observations.js";
import { commitmentsOf } from "../../../cloud/tree/leaves.js";
import { Tree } from "../../../cloud/tree/tree.js";
import { TestFolder } from "../../support/folder.js";
import { ban, keys } from "../../support/vectors.js";

describe("the tree of a cloud that was there before", () => {
  it("is folded step by step, and goes on however often it is cut off", async () => {
    using cloud = await before(10_000);
    for (let steps = 0; ; steps += 1) {
      using tree = opened(cloud.path, "tree.db");
      if (tree.step()) continue;
      expect(steps).toBeGreaterThan(2);
      expect(tree.state().root).toEqual(cloud.root);
      break;
    }
  });

  it("is whole after its process was killed in the midst of it", async () => {
    using cloud = await before(40_000);
    for (let kills = 0; kills < 4; kills += 1) {
      const victim = spawn(process.execPath, [VICTIM, cloud.path]);
      await once(victim.stdout, "data");
      await sleep(40 * kills);
      victim.kill("SIGKILL");
      await once(victim, "exit");
    }
    using tree = opened(cloud.path, "tree.db");
    while (tree.step());
    expect(tree.state().root).toEqual(cloud.root);
  });
});

const VICTIM = fileURLToPath(new URL("./fold-victim.js", import.meta.url));

/** Decisions with so many ops, and the root that their leaves make. */
async function before(ops: number) {
  const folder = new TestFolder();
  const decisions = SqliteDecisions.open(
    join(folder.path, "decisions.db"),
    systemClock,
  );
  const path = join(folder.path, "observations.db");
  SqliteObservations.open(path, systemClock)[Symbol.dispose]();
  const start = { feed: "urgent", epoch: "e1", offset: 0, hash: NO_HASH };
  const sign = signerOf([keys.contentA]);
  const terms = { issuedAt: systemClock.now(), sign, decision: "dec_1" };
  const some = Array.from({ length: ops }, (_, n) =>
    ban(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, 3_600, "list"),
  );
  for (const segment of sealChain(start as never, some, terms)) {
    await decisions.append([segment]);
  }
  const rows = await decisions.rowsAfter(0, 1_000);
  const root = rootOver(rows.flatMap(commitmentsOf).map(leafHash));
  decisions[Symbol.dispose]();
  return {
    ...{ path: folder.path, root },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

function opened(folder: string, name: string) {
  const decisions = openDatabase(join(folder, "decisions.db"), "read-only");
  const path = join(folder, "observations.db");
  const observations = openDatabase(path, "read-only");
  const file = openDatabase(join(folder, name), "rebuildable");
  const tree = new Tree({ decisions, observations, tree: file });
  return {
    step: () => tree.step(),
    state: () => tree.state(),
    [Symbol.dispose]: () => {
      for (const each of [decisions, observations, file]) each.close();
    },
  };
}
