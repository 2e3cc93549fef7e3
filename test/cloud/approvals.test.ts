import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../agent/model/cidr.js";
import { approvalAfter, approvalOf } from "../../cloud/approvals/ceremony.js";
import { signDraft, type Draft } from "../../cloud/roots/ceremony.js";
import { readKeys } from "../../cloud/roots/root-files.js";
import { TestAgent } from "../support/agent/test-agent.js";
import { startTestCloud, type TestCloud } from "../support/cloud/cloud.js";
import { askAtDoor } from "../support/cloud/people.js";

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const changes = {
  feed: "urgent" as const,
  add: [parseCidr("16.0.0.0/12")],
  remove: [],
  waits: [0, HOUR_MS, HOUR_MS, HOUR_MS] as const,
  goodForMs: 24 * HOUR_MS,
  limits: undefined,
};

describe("a cloud with approvals", () => {
  it("tells those who follow the feed, at once and when they connect", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol("example");
    using agent = await TestAgent.connect(cloud, who);
    const draft = signedBy(
      "critical",
      approvalAfter(undefined, changes, NOW),
      cloud,
    );
    expect(await publish(cloud, draft)).toMatchObject({ status: 201 });
    expect((await agent.next("approval")).approval).toEqual(draft);

    await cloud.addOrg("other");
    const others = approvalAfter(
      undefined,
      { ...changes, feed: "org/other" },
      NOW,
    );
    await publish(cloud, signedBy("critical", others, cloud));
    using later = await TestAgent.connect(cloud, who);
    expect((await later.next("approval")).approval).toEqual(draft);
    expect(later.messages.map(({ type }) => type)).toEqual([]);
  });

  it("refuses what agents would", async () => {
    await using cloud = await startTestCloud();
    const good = approvalAfter(undefined, changes, NOW);
    const first = signedBy("critical", good, cloud);
    const run = async (draft: Draft) => (await publish(cloud, draft)).body;
    expect(await run(signedBy("content", good, cloud))).toMatchObject({
      code: "bad-signature",
    });
    const nowhere = approvalAfter(
      undefined,
      { ...changes, feed: "org/none" },
      NOW,
    );
    expect(await run(signedBy("critical", nowhere, cloud))).toMatchObject({
      code: "wrong-feed",
    });
    await run(first);
    expect(await run(first)).toMatchObject({ code: "replayed" });
  });

  it("says how many bans want an approval", async () => {
    await using cloud = await startTestCloud();
    const wide = { ranges: ["16.0.0.0/12", "32.0.0.0/16", "2a00::/29"] };
    const banned = await cloud.request("POST", "/api/v1/bans", wide);
    expect(banned.body).toMatchObject({ unapproved: 2 });
    const draft = approvalAfter(undefined, changes, NOW);
    await publish(cloud, signedBy("critical", draft, cloud));
    const list = "16.0.0.0/12\n16.16.0.0/12\n192.0.2.1\n";
    const imported = await cloud.request(
      "POST",
      "/api/v1/imports?feed=urgent",
      list,
    );
    expect(imported.body).toMatchObject({ unapproved: 1 });
  });
});

describe("the next approval", () => {
  it("keeps the times of what is not yet with everybody", () => {
    const first = approvalOf(approvalAfter(undefined, changes, NOW));
    const add = [parseCidr("32.0.0.0/12")];
    const soon = approvalAfter(first, { ...changes, add }, NOW + HOUR_MS);
    expect(approvalOf(soon).rollouts).toEqual([
      first.rollouts[0],
      expect.objectContaining({ ranges: ["32.0.0.0/12"] }),
    ]);
    const late = approvalAfter(
      approvalOf(soon),
      { ...changes, add: [] },
      NOW + 9 * HOUR_MS,
    );
    expect(approvalOf(late)).toMatchObject({
      version: 3,
      rollouts: [{ ranges: ["16.0.0.0/12", "32.0.0.0/12"] }],
    });
  });

  it("forgets what is removed, and keeps limits until others are named", () => {
    const raised = { ...changes, limits: { share: 0.1 } };
    const first = approvalOf(approvalAfter(undefined, raised, NOW));
    const less = { ...changes, add: [], remove: changes.add };
    const next = approvalOf(approvalAfter(first, less, NOW));
    expect(next).toMatchObject({ rollouts: [], limits: { share: 0.1 } });
    const usual = approvalAfter(next, { ...less, limits: {} }, NOW);
    expect(approvalOf(usual).limits).toEqual({});
  });
});

const publish = (cloud: TestCloud, draft: Draft) =>
  askAtDoor<unknown>(cloud, cloud.operator, ["POST", "/approvals", draft]);

function signedBy(
  role: "critical" | "content",
  draft: Draft,
  cloud: TestCloud,
) {
  const { keys } = cloud.signing.root.document.roles[role];
  const own = readKeys(join(cloud.dir)).find(({ id }) => keys.includes(id));
  return signDraft(draft, own!, "approval");
}
