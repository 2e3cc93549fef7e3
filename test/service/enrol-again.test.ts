import {
  chmodSync,
  chownSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../agent/model/cidr.js";
import { readIdentity } from "../../service/identity/identity-store.js";
import {
  connected,
  enforces,
  startIn,
} from "../support/agent/enrolled-host.js";
import { HostProcess } from "../support/agent/host-process.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../support/cloud/cloud.js";
import { revoke } from "../support/cloud/people.js";
import { skipped } from "../support/kernel/skipped.js";

/** The user that owns nothing. */
const NOBODY = 65_534;

describe("a host that enrols again", () => {
  it("is another agent with another key, and keeps the bans of its org", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await enrolled(host, cloud, org);
    const before = readIdentity(host.stateDir);
    await takesIn(host, cloud, { urgent: "203.0.113.1", org: "203.0.113.2" });

    const { stdout } = await enrolled(host, cloud, org, "--force");
    expect(stdout).toContain(`${before.identity.agent} is still known`);
    const after = readIdentity(host.stateDir);
    expect(after.identity.agent).not.toBe(before.identity.agent);
    expect(
      readdirSync(host.stateDir).filter((name) => /key/.test(name)),
    ).toEqual([`device-${after.deviceKey.id}.key`]);
    await revoke(cloud, before.identity.agent);
    await using agent = await startIn(host.stateDir);
    const offsets = agent.ledger.positions().map(({ offset }) => offset);
    expect(offsets).toEqual([1, 1]); // before a word of the cloud's
    for (const range of ["203.0.113.1", "203.0.113.2"]) {
      await enforces(agent, range);
    }
    await connected(agent);
  });

  it("of another org loses what the former org's feed banned", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    await enrolled(host, cloud, await cloud.addOrg("example"));
    await takesIn(host, cloud, { urgent: "203.0.113.1", org: "203.0.113.2" });
    await enrolled(host, cloud, await cloud.addOrg("other"), "--force");
    await using agent = await startIn(host.stateDir);
    await connected(agent);
    await enforces(agent, "203.0.113.1");
    const [left] = await agent.enforcer.hasBan([parseCidr("203.0.113.2")]);
    expect(left).toBe(false);
  });

  const asRoot = process.getuid?.() === 0;
  (asRoot ? it : it.skip)(
    asRoot
      ? "by root's hand stays the agent's user's, whoever may read the token"
      : skipped("enrolling as root", "it takes root"),
    async () => {
      using host = new HostProcess();
      await using cloud = await startTestCloud();
      const org = await cloud.addOrg("example");
      await enrolled(host, cloud, org);
      chmodSync(host.folder.path, 0o711); // or nobody could get in
      const files = () =>
        readdirSync(host.stateDir).map((name) => join(host.stateDir, name));
      for (const path of [host.stateDir, ...files()])
        chownSync(path, NOBODY, NOBODY);
      const before = readFileSync(join(host.stateDir, "identity.json"), "utf8");
      await enrolled(host, cloud, org, "--force");
      const after = readFileSync(join(host.stateDir, "identity.json"), "utf8");
      expect(after).not.toBe(before);
      expect(files().map((path) => statSync(path).uid)).toEqual(
        files().map(() => NOBODY),
      );
    },
    40_000,
  );

  it("is who it was when the cloud does not let it in", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    const spent = host.folder.file("token", await cloud.token(org));
    expect(await host.tourniquet("enrol", "--token-file", spent)).toMatchObject(
      { code: 0 },
    );
    const before = snapshotOf(host.stateDir);
    const argv = ["enrol", "--token-file", spent, "--force"];
    const { code, stderr } = await host.tourniquet(...argv);
    expect([code, stderr]).toEqual([1, expect.stringContaining("was used by")]);
    expect(snapshotOf(host.stateDir)).toEqual(before);
    await using agent = await startIn(host.stateDir);
    await connected(agent);
  });

  it("does so only when told to", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    await enrolled(host, cloud, org);
    const token = host.folder.file("token", await cloud.token(org));
    const argv = ["enrol", "--token-file", token];
    expect((await host.tourniquet(...argv)).stderr).toContain(
      "--force replaces its identity",
    );
  });
});

describe("tourniquet run", () => {
  it("takes a new key when told, and says that it was revoked", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    await enrolled(host, cloud, await cloud.addOrg("example"));
    const { agent, key } = readIdentity(host.stateDir).identity;
    await using _agent = host.run();
    const says = (what: RegExp) =>
      eventually(async () => {
        const { stdout } = await host.tourniquet("status");
        return what.test(stdout) ? stdout : undefined;
      });
    await host.connected();
    await says(/cloud {4}connected/);
    const { code, stdout } = await host.tourniquet("rekey");
    const { key: now } = readIdentity(host.stateDir).identity;
    expect([code, stdout]).toEqual([0, `this host's key is ${now} now\n`]);
    expect(now).not.toBe(key);
    await host.connected();
    await says(/cloud {4}connected/);
    await revoke(cloud, agent);
    await host.stands(({ cloud }) => cloud.at !== "up");
    await says(/not connected .*\(revoked by the cloud; .* enrol anew\)/);
    expect((await host.tourniquet("rekey")).stderr).toContain("not connected");
  });
});

async function enrolled(
  host: HostProcess,
  cloud: TestCloud,
  org: string,
  ...more: readonly string[]
) {
  const token = host.folder.file("token", await cloud.token(org));
  const told = await host.tourniquet("enrol", "--token-file", token, ...more);
  expect(told).toMatchObject({ code: 0, stderr: "" });
  return told;
}

/** Runs the agent until it enforces a ban of everybody's, and one of its org's. */
async function takesIn(
  host: HostProcess,
  cloud: TestCloud,
  ranges: { readonly urgent: string; readonly org: string },
): Promise<void> {
  const { org } = readIdentity(host.stateDir).identity;
  await using agent = await startIn(host.stateDir);
  await cloud.ban(ranges.urgent);
  await cloud.ban(ranges.org, { feed: `org/${org}` });
  await enforces(agent, ranges.urgent);
  await enforces(agent, ranges.org);
}

/** What says who the host is: file names and contents. */
const snapshotOf = (stateDir: string) =>
  readdirSync(stateDir).map((name) => [
    name,
    readFileSync(join(stateDir, name), "utf8"),
  ]);
