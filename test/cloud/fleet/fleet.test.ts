import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import type { Summary } from "../../../cloud/fleet/summary.js";
import { TestAgent, positionAfter } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import {
  askAsOperator,
  askAtDoor,
  letIn,
  revoke,
} from "../../support/cloud/people.js";
import { health, vitals } from "../telemetry/items.js";

describe("the fleet", () => {
  it("is counted by org, state, mode, version, health, tags and groups", async () => {
    await using cloud = await startTestCloud();
    const web = await cloud.enrol("acme", "web1");
    await cloud.enrol("acme", "db1");
    const old = await cloud.enrol("acme", "old1");
    await revoke(cloud, old.agent);
    const foreign = await cloud.enrol("globex", "web9");
    await cloud.request("PUT", "/api/v1/agents/web1/tags", { tags: ["web"] });
    const file =
      'version: 1\norg: acme\ngroups: [{ name: databases, hostnames: ["db*"] }]';
    const policy = ["POST", "/orgs/acme/policy", { file }] as const;
    await askAtDoor(cloud, cloud.operator, policy);
    using online = await TestAgent.connect(cloud, web);
    using elsewhere = await TestAgent.connect(cloud, foreign);
    await online.report(health("disk-full"), health("spool-failing"), vitals());
    await elsewhere.report(health("disk-full"));
    await cloud.ban("203.0.113.1");
    const position = positionAfter(await online.nextSegment());
    online.sendReceipt(web, position, { mode: "observe" });
    const fleet = await eventually(async () => {
      const found = await countedBy(cloud, cloud.operator);
      return found.behind === 2 ? found : undefined;
    });
    expect(fleet).toMatchObject({
      ...{ hosts: 3, online: 2, unhealthy: 2, behind: 2, otherHosts: 0 },
      orgs: [
        { org: "acme", hosts: 2, online: 1, unhealthy: 1, behind: 1 },
        { org: "globex", hosts: 1, online: 1, unhealthy: 1, behind: 1 },
      ],
      moreOrgs: 0,
      troubles: [
        { code: "disk-full", hosts: 2 },
        { code: "spool-failing", hosts: 1 },
      ],
      tags: [{ org: "acme", tag: "web", hosts: 1 }],
      groups: [{ org: "acme", group: "databases", hosts: 1 }],
    });
    const cell = { org: "acme", mode: "unknown", version: "0.4.0", hosts: 1 };
    expect(fleet.cells).toHaveLength(4);
    expect(fleet.cells).toEqual(
      expect.arrayContaining([
        { ...cell, state: "online", mode: "observe", version: "0.1.0" },
        { ...cell, state: "offline" },
        { ...cell, state: "revoked" },
        { ...cell, org: "globex", state: "online", version: "0.1.0" },
      ]),
    );
    await ofAnOrgAlone(cloud);
  });

  it("is counted anew once what is known is older than a second", async () => {
    let passed = 0;
    const monotonic = () => systemClock.monotonic() + passed;
    const clock = { ...systemClock, monotonic };
    await using cloud = await startTestCloud({ clock });
    await cloud.enrol("acme", "web1");
    const first = await countedBy(cloud, cloud.operator);
    await cloud.enrol("acme", "web2");
    expect(await countedBy(cloud, cloud.operator)).toEqual(first);
    passed = 60_000;
    const later = await countedBy(cloud, cloud.operator);
    expect([first.hosts, later.hosts]).toEqual([1, 2]);
  });
});

/** To an org's people, other orgs' hosts are not there. */
async function ofAnOrgAlone(cloud: TestCloud): Promise<void> {
  const joining = { name: "acme viewer", role: "viewer", org: "acme" } as const;
  const { token } = await letIn(cloud, joining);
  const own = await countedBy(cloud, token);
  expect(own).toMatchObject({ hosts: 2, behind: 1, orgs: [{ org: "acme" }] });
  expect(own.orgs).toHaveLength(1);
  expect(JSON.stringify(own)).not.toContain("globex");
  const one = await countedBy(cloud, cloud.operator, "?org=globex");
  expect(one).toMatchObject({ hosts: 1, orgs: [{ org: "globex" }] });
  for (const org of ["globex", "nobody"]) {
    const path = `/fleet?org=${org}`;
    const { status } = await askAsOperator(cloud, token, ["GET", path]);
    expect(status).toBe(404);
  }
}

async function countedBy(
  cloud: TestCloud,
  token: string,
  query = "",
): Promise<Summary> {
  const path = `/fleet${query}`;
  const answer = await askAsOperator<Summary>(cloud, token, ["GET", path]);
  expect(answer.status).toBe(200);
  return answer.body;
}
