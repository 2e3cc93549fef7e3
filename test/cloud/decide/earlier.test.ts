import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { ImportTold } from "../../../cloud/cli/ask-bans.js";
import type { RulesTold } from "../../../cloud/cli/ask-proposals.js";
import { sealChain } from "../../../cloud/feeds/chain.js";
import { filesOf } from "../../../cloud/folder.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { loadCloud } from "../../../cloud/setup.js";
import { startTestCloud, temporaryFolder } from "../../support/cloud/cloud.js";
import { Past } from "../../support/cloud/past.js";
import { detection } from "../telemetry/items.js";
import { bothSee, decisionsOf } from "./asking.js";

describe("what version 0.1.0 decided", () => {
  it("is folded: its rules' bans count, its imports are of no list", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const past = new Past(dir);
    const [who] = past.org("acme");
    past.told(who!, 0, [detection("203.0.113.7")]);
    await decide(dir, "urgent", {
      ...{ action: "ban", by: "rule:several-orgs", ranges: 1 },
      ...{ reason: "seen by 2 orgs", evidence: [1] },
    });
    await decide(dir, "reputation", {
      ...{ action: "import", by: "first", ranges: 1, reason: "" },
    });

    await using cloud = await startTestCloud({ dir });
    const { body } = await cloud.request<RulesTold>("GET", "/api/v1/rules");
    expect(body).toMatchObject({ left: 59, orgs: [], alarms: [] });
    expect(await decisionsOf(cloud)).toMatchObject([
      { action: "import", evidence: [] },
      { by: "rule:several-orgs", evidence: [1], targets: ["192.0.2.77"] },
    ]);
    const path = "/api/v1/imports?list=drop&replace=true";
    const replaced = await cloud.request<ImportTold>("POST", path, "192.0.2.1");
    expect(replaced.body.replaced).toEqual({ before: 0, lifted: 0, kept: 0 });
    await bothSee(cloud, "203.0.113.8");
    expect(await decisionsOf(cloud)).toHaveLength(4);
  });
});

/** As 0.1.0 wrote a decision with its segment. */
async function decide(
  dir: string,
  feed: "urgent" | "reputation",
  decided: {
    readonly action: "ban" | "import";
    readonly by: string;
    readonly ranges: number;
    readonly reason: string;
    readonly evidence?: readonly number[];
  },
): Promise<void> {
  using decisions = SqliteDecisions.open(filesOf(dir).decisions, systemClock);
  const begun = (await decisions.after(0, 100))
    .flatMap(({ event }) => (event.kind === "feed-begun" ? [event] : []))
    .find((event) => event.feed === feed);
  const epoch = begun?.epoch ?? "";
  const start = { feed, epoch, offset: 0, hash: Buffer.alloc(32) };
  const op = {
    ...({ op: "ban", cidr: parseCidr("192.0.2.77"), observed: false } as const),
    ...{ expiresAt: Math.floor(Date.now() / 1000) + 3_600, reason: "" },
  };
  const { sign } = loadCloud(dir, undefined).signing;
  const decision = `dec-${feed}`;
  const terms = { decision, issuedAt: Date.now(), sign };
  await decisions.append([
    { kind: "decided", decision, feed, ...decided },
    ...sealChain(start, [op], terms),
  ]);
}
