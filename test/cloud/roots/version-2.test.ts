import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import {
  parseRoot,
  rootFormat,
} from "../../../agent/protocol/root-document.js";
import { wire1, wire2 } from "../../../agent/protocol/wire.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { generateKey } from "../../../agent/trust/keys.js";
import {
  draftAfter,
  publicHalf,
  type Draft,
} from "../../../cloud/roots/ceremony.js";
import { addKey } from "../../../cloud/roots/root-files.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  enrolWith,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { revoke } from "../../support/cloud/people.js";
import { publish, signedHere } from "../../support/cloud/rotation.js";
import { TestFolder } from "../../support/folder.js";
import { CliCloud } from "../cli-cloud.js";
import { runHere } from "../cli/operator.js";

describe("a new cloud", () => {
  it("has a root of version 2 with a log, and its key", async () => {
    await using cloud = await startTestCloud();
    const { document } = cloud.signing.root;
    expect(document.format).toBe(2);
    const [key] = cloud.signing.logKeys;
    expect(document.roles.log).toEqual({ keys: [key?.id], threshold: 1 });
    expect(readdirSync(join(cloud.dir, "keys"))).toContain("log.pem");
  });

  it("has one that older agents read when it is told so", async () => {
    using folder = new TestFolder();
    const dir = join(folder.path, "cloud");
    const made = await runHere("init", "--v1-agents", "--dir", dir);
    expect(made).toMatchObject({ code: 0 });
    const text = readFileSync(join(dir, "roots/1.json"), "utf8");
    const { signed } = JSON.parse(text) as Draft;
    expect(rootFormat(signed)).toBe(1);
    expect(parseRoot(signed).roles.log).toBeUndefined();
    expect(readdirSync(join(dir, "keys"))).not.toContain("log.pem");
  });

  it("lets no agent in that could not read it, and leaves its token good", async () => {
    await using cloud = await startTestCloud();
    const token = await cloud.token(await cloud.addOrg("example"));
    const asked = [cloud.url, token, generateKey()] as const;
    const old = await enrolWith(...asked, { version: "0.3.9" });
    expect(old).toMatchObject({
      status: 403,
      body: {
        error: "version-too-old",
        message: expect.stringContaining("needs 0.4.0 or later"),
      },
    });
    expect(await enrolWith(...asked, {})).toMatchObject({ status: 201 });
  });

  it("lets them in while its root is one that they read", async () => {
    await using cloud = await startTestCloud({ v1Agents: true });
    const token = await cloud.token(await cloud.addOrg("example"));
    const asked = [cloud.url, token, generateKey()] as const;
    expect(await enrolWith(...asked, { version: "0.1.0" })).toMatchObject({
      status: 201,
    });
  });
});

describe("a root of version 2 after one of version 1", () => {
  it("is not published while agents cannot read it, and names some of them", async () => {
    await using cloud = await startTestCloud({ v1Agents: true });
    const token = () => cloud.token("example");
    await cloud.addOrg("example");
    const agents: string[] = [];
    for (let n = 0; n < 22; n += 1) {
      const asked = [cloud.url, await token(), generateKey()] as const;
      const host = { hostname: `host-${n}`, version: "0.3.0" };
      const { body } = await enrolWith(...asked, host);
      agents.push((body as { agent: string }).agent);
    }
    const draft = withLog(cloud);
    const { status, body } = await publish(cloud, draft);
    expect({ status, body }).toMatchObject({
      status: 409,
      body: { code: "held-back" },
    });
    const { detail } = body as { detail: string };
    expect(detail).toContain("22 that are enrolled cannot read it");
    expect(detail).toContain(`${agents[0]} (host-0, 0.3.0)`);
    expect(detail).toContain("and 17 more");
    expect(cloud.signing.version).toBe(1);

    for (const agent of agents) await revoke(cloud, agent);
    expect(await publish(cloud, draft)).toMatchObject({ status: 201 });
    expect(cloud.signing.logKeys).toHaveLength(1);
  });

  it("is announced to no session of version 1, and not named to one either", async () => {
    await using cloud = await startTestCloud({ v1Agents: true });
    const [who, second] = [await cloud.enrol(), await cloud.enrol()];
    // Of 0.4.0, so that nothing holds the root back; it speaks version 1 all the same.
    const published = publish(cloud, withLog(cloud));
    expect(await published).toMatchObject({ status: 201 });
    using old = await TestAgent.connect(cloud, who, [], wire1);
    expect(old.welcome.root).toBe(1);
    using other = await TestAgent.connect(cloud, second, [], wire2);
    expect(other.welcome.root).toBe(2);
    const { signed, signatures } = signedHere(cloud, nextOf(cloud));
    cloud.signing.publish({ signed, signatures }, Date.now(), () => []);
    await other.next("root");
    expect(old.messages.map(({ type }) => type)).not.toContain("root");
  });

  it("is held back the same while the cloud does not run", async () => {
    await using cloud = await CliCloud.start(undefined, "--v1-agents");
    const { run, dir } = cloud;
    const out = cloud.path("2.json");
    await run("org", "add", "Example", "--id", "example");
    const made = await run("token", "--org", "example");
    const token = /tq1\.\S+/.exec(made.out)?.[0] ?? "";
    const host = { hostname: "old.example", version: "0.3.0" };
    const letIn = await enrolWith(cloud.url, token, generateKey(), host);
    const { agent } = letIn.body as { agent: string };
    await run("root", "draft", "--renew", "log", "--out", out);
    await run("root", "sign", out, "--key", join(dir, "keys/root.pem"));
    await cloud.stop();
    const { code, err } = await run("root", "publish", out);
    expect(code).toBe(2);
    expect(err).toContain(`${agent} (old.example, 0.3.0)`);
    await cloud.serve();
    await run("revoke", agent);
    await cloud.stop();
    const published = await run("root", "publish", out);
    expect(published.out).toMatch(/^log: 1 of 1: \w{16} \(key is here\)$/m);
  });
});

describe("a draft of a root", () => {
  it("stays of version 1 until it has a role of version 2, and of 2 for good", async () => {
    await using cloud = await startTestCloud({ v1Agents: true });
    const none = { add: [], remove: [], thresholds: {}, goodForMs: 1e9 };
    const { document } = cloud.signing.root;
    const now = systemClock.now();
    expect(rootFormat(draftAfter(document, none, now).signed)).toBe(1);
    const release = publicHalf(generateKey());
    const add = [{ role: "release" as const, key: release }];
    const two = parseRoot(draftAfter(document, { ...none, add }, now).signed);
    expect(two.format).toBe(2);
    const without = { ...none, remove: [release.id] };
    const three = parseRoot(draftAfter(two, without, now).signed);
    expect(three).toMatchObject({ format: 2, version: 3 });
    expect(three.roles.release).toBeUndefined();
    expect(three.keys).toEqual(document.keys);
  });

  it("keeps its ext, and is not made of roles that nobody here knows", async () => {
    await using cloud = await startTestCloud();
    const { document } = cloud.signing.root;
    const changes = { add: [], remove: [], thresholds: {}, goodForMs: 1e9 };
    const ext = { "x-motto": "trust me" };
    const { signed } = draftAfter({ ...document, ext }, changes, Date.now());
    expect(parseRoot(signed).ext).toEqual(ext);
    const roles = { ...document.roles, janitor: {} };
    expect(() =>
      draftAfter({ ...document, roles }, changes, Date.now()),
    ).toThrow("root 1 has the roles janitor, which this version does not know");
  });
});

const nextOf = (cloud: TestCloud): Draft =>
  draftAfter(
    cloud.signing.root.document,
    { add: [], remove: [], thresholds: {}, goodForMs: 1e9 },
    Date.now(),
  );

/** The next root, with a key for the log. */
function withLog(cloud: TestCloud): Draft {
  const key = generateKey();
  addKey(cloud.dir, `log-${key.id}`, key);
  const add = [{ role: "log" as const, key: publicHalf(key) }];
  const { document } = cloud.signing.root;
  const changes = { add, remove: [], thresholds: {}, goodForMs: 1e9 };
  return signedHere(cloud, draftAfter(document, changes, Date.now()));
}
