import { renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { beginNewEpochs } from "../../../cloud/new-epochs.js";
import { filesOf } from "../../../cloud/folder.js";
import { foundCloud, loadCloud } from "../../../cloud/setup.js";
import { positionAfter } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  temporaryFolder,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import {
  connectStating,
  failed,
  released,
  state,
  statingHosts,
  type StatingHost,
} from "../../support/cloud/harm.js";
import { revoke } from "../../support/cloud/people.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";

describe("harm that was stated, and not answered to", () => {
  it("is answered to by the next cloud, without another word", async () => {
    using folder = newFolder();
    const { dir } = folder;
    await (async () => {
      await using site = await statingHosts(Array(4).fill("acme"), { dir });
      const { cloud, hosts } = site;
      await cloud.ban(RANGE);
      await state(hosts[0]!, released(RANGE));
      await site.answered();
      // Of three, one is enough.
      await revoke(cloud, hosts[3]!.who.agent);
      expect(await heldRanges(cloud)).toBeUndefined();
    })();
    await using cloud = await startTestCloud({ dir });
    expect(await eventually(() => heldRanges(cloud))).toEqual([RANGE]);
  });

  it("is answered to a while later where what is banned could not be told", async () => {
    const clock: Clock = {
      ...systemClock,
      every: (ms, tick) => systemClock.every(Math.min(ms, 300), tick),
    };
    await using site = await statingHosts(["acme"], { clock });
    const { cloud, hosts } = site;
    await cloud.ban(RANGE);
    const { bans } = filesOf(cloud.dir);
    renameSync(bans, `${bans}.away`);
    await state(hosts[0]!, released(RANGE));
    await systemClock.sleep(100);
    expect(await heldRanges(cloud)).toBeUndefined();
    renameSync(`${bans}.away`, bans);
    expect(await eventually(() => heldRanges(cloud))).toEqual([RANGE]);
  });

  it("keeps nothing else waiting that can be undone", async () => {
    using folder = newFolder();
    const { dir } = folder;
    const { people, over } = await beforeNewEpochs(dir);
    await beginNewEpochs(loadCloud(dir, undefined), {
      ...{ clock: systemClock, log: silentLogger },
    });
    await using opened = new Lifetime();
    const cloud = opened.own(await startTestCloud({ dir }));
    const hosts: StatingHost[] = [];
    for (const who of people) {
      const host = await connectStating(cloud, who);
      opened.own(host.agent);
      hosts.push(host);
    }
    const { decision } = await cloud.ban("198.51.100.9");
    for (const host of hosts) {
      await state(host, released("198.51.100.9"), failed(over));
    }
    const undone = await eventually(async () => {
      const path = `/api/v1/decisions/${decision}`;
      type Told = { readonly undone: readonly { readonly by: string }[] };
      return (await cloud.request<Told>("GET", path)).body.undone[0];
    });
    expect(undone).toMatchObject({ by: "rule:harm" });
  });
});

/** Hosts of three orgs, and where a ban is whose epoch is over since. */
async function beforeNewEpochs(dir: string) {
  await using cloud = await startTestCloud({ dir });
  const people: Enrolled[] = [];
  for (const org of ["acme", "globex", "initech"]) {
    people.push(await cloud.enrol(org, `of-${org}`));
  }
  const { agent } = await connectStating(cloud, people[0]!);
  using _agent = agent;
  await cloud.ban(RANGE);
  return { people, over: positionAfter(await agent.nextSegment()) };
}

async function heldRanges(
  cloud: TestCloud,
): Promise<readonly string[] | undefined> {
  type Shown = { holds?: readonly { readonly ranges: readonly string[] }[] };
  const path = "/api/v1/orgs/acme/policy";
  const { body } = await cloud.request<Shown>("GET", path);
  return body.holds?.flatMap(({ ranges }) => ranges);
}

/** Of a cloud that can be started more than once. */
function newFolder() {
  const folder = temporaryFolder();
  const dir = join(folder.path, "cloud");
  const founding = { dir, name: "test-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  return { dir, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}
