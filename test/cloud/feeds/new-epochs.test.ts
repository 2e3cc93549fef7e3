import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import type { Position } from "../../../agent/model/position.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { readOps } from "../../../agent/protocol/segment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { beginNewEpochs } from "../../../cloud/new-epochs.js";
import { foundCloud, loadCloud } from "../../../cloud/setup.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  temporaryFolder,
  type Enrolled,
} from "../../support/cloud/cloud.js";

describe("a cloud whose decisions were restored from a copy", () => {
  it("refuses to start, and goes on with its bans in new epochs", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const founding = { dir, name: "test-cloud", publicUrl: undefined };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const { who, position } = await liveThatIsLost(dir);

    await expect(startTestCloud({ dir })).rejects.toThrow(
      `run "tourniquet-cloud new-epoch --dir ${dir}", then start again`,
    );
    const renewed = await beginNewEpochs(loadCloud(dir, undefined), {
      ...{ clock: systemClock, log: silentLogger },
    });
    expect(renewed.map(({ feed, bans }) => [feed, bans])).toEqual([
      ["org/example", 0],
      ["reputation", 0],
      ["urgent", 1],
    ]);

    await using cloud = await startTestCloud({ dir });
    using old = await TestAgent.connect(cloud, who, [position]);
    const plan = await old.planOf(old.welcome, "urgent");
    expect(plan).toMatchObject({ mode: "snapshot", offset: 1 });
    expect(plan.epoch).not.toBe(position.epoch);

    using fresh = await TestAgent.connect(cloud, await cloud.enrol());
    const ops = [...readOps(await fresh.nextSegment())];
    expect(ops.map(({ op, cidr }) => [op, formatCidr(cidr)])).toEqual([
      ["ban", "203.0.113.1"],
    ]);
  });
});

/** One ban is in the copy of the decisions, and one came after it. */
async function liveThatIsLost(dir: string) {
  const copy = `${dir}.copy`;
  const who = await (async (): Promise<Enrolled> => {
    await using cloud = await startTestCloud({ dir });
    await cloud.ban("203.0.113.1");
    return await cloud.enrol();
  })();
  cpSync(join(dir, "decisions.db"), copy);
  const position = await (async (): Promise<Position> => {
    await using cloud = await startTestCloud({ dir });
    using agent = await TestAgent.connect(cloud, who);
    await cloud.ban("203.0.113.2");
    await agent.nextSegment();
    return positionAfter(await agent.nextSegment());
  })();
  for (const suffix of ["-wal", "-shm"]) {
    rmSync(join(dir, `decisions.db${suffix}`), { force: true });
  }
  cpSync(copy, join(dir, "decisions.db"));
  return { who, position };
}
