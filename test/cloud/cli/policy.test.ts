import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { connectStating, released, state } from "../../support/cloud/harm.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { operatorOf, type Ran } from "./operator.js";

describe("tourniquet-cloud policy", () => {
  let cloud: TestCloud;
  let run: (...args: readonly string[]) => Promise<Ran>;
  let path: (name: string) => string;

  beforeEach(async () => {
    cloud = await startTestCloud({ twoPersons: {} });
    await cloud.enrol("acme", "web-1.example");
    run = operatorOf(cloud);
    path = (name) => join(cloud.dir, name);
  });
  afterEach(() => cloud[Symbol.asyncDispose]());

  const allow = (file: string, range: string) => {
    const item = `{ ranges: [${range}], until: 2100-01-01, why: office }`;
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("allow: []", `allow: [${item}]`));
  };
  const release = async (): Promise<void> => {
    const bo = await letIn(cloud, { name: "bo", role: "approver" });
    const { out } = await run("proposals", "--json");
    const { id } = JSON.parse(out) as { id: string };
    const order = ["POST", `/proposals/${id}/release`, {}] as const;
    expect((await askAtDoor(cloud, bo.token, order)).status).toBe(201);
  };

  it("goes from a draft to what hosts go by, with a second person", async () => {
    const file = path("policy.yaml");
    expect((await run("policy", "draft", "acme", file)).code).toBe(0);
    allow(file, "203.0.113.0/24");
    expect((await run("policy", "check", file)).out).toContain(
      "a policy of acme that allows 1 range, with 0 groups; nothing is wrong",
    );
    const tried = await run("policy", "publish", "acme", file, "--dry-run");
    expect(tried.out).toContain("it allows 203.0.113.0/24");
    const waits = await run("policy", "publish", "acme", file);
    expect(waits.code).toBe(4);
    expect(waits.out).toContain("takes two persons: hosts of acme let through");
    await release();
    const shown = await run("policy", "show", "acme");
    expect(shown.out).toContain("policy 1 of acme, by ");
    expect(shown.out).toContain("0 of 1 host go by it");
    expect(shown.out).toMatch(/web-1\.example .* none +not connected/);
    const again = path("again.yaml");
    await run("policy", "draft", "acme", again);
    expect(readFileSync(again, "utf8")).toBe(readFileSync(file, "utf8"));
  });

  it("has a terminal obey nothing that the second person reads", async () => {
    const file = path("policy.yaml");
    await run("policy", "draft", "acme", file);
    allow(file, "203.0.113.0/24");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, `${text}# \u001b[1A\u001b[2K \u202e\n`);
    await run("policy", "publish", "acme", file);
    const { out } = await run("proposals", "--json");
    const { id } = JSON.parse(out) as { id: string };
    const told = await run("proposals", "show", id);
    expect(told.out).toContain("# \\u001b[1A\\u001b[2K \\u202e");
    expect(told.out).not.toContain("\u001b");
  });

  it("shows which hosts are in a group with a feed, and bans there", async () => {
    const file = path("groups.yaml");
    const group = '{ name: web, hostnames: ["web-*"], feed: web }';
    writeFileSync(file, `version: 1\norg: acme\ngroups: [${group}]\n`);
    expect((await run("policy", "publish", "acme", file)).code).toBe(0);
    const { out } = await run("policy", "show", "acme");
    expect(out).toContain("feed org/acme/web: 1 host of group web");
    const ban = ["ban", "203.0.113.7", "--reason", "a test"];
    const there = await run(...ban, "--feed", "org/acme/web");
    expect(there.code).toBe(0);
    const nowhere = await run(...ban, "--feed", "org/acme/db");
    expect(nowhere.code).not.toBe(0);
    expect(nowhere.err).toContain("there is no feed org/acme/db");
  });

  it("shows what is held for one org, and has it count again", async () => {
    const who = await cloud.enrol("acme", "web-2.example");
    const host = await connectStating(cloud, who);
    using _ = host.agent;
    const { decision } = await cloud.ban("203.0.113.7");
    await state(host, released("203.0.113.7"));
    await host.agent.next("policy");
    const shown = await run("policy", "show", "acme");
    expect(shown.out).toContain("policy 1 of acme, by rule:harm");
    expect(shown.out).toMatch(
      new RegExp(`${decision} is held until .*: 1 range of urgent; 1 host was`),
    );
    const unheld = await run("policy", "unhold", "acme", decision);
    expect(unheld.out).toBe(
      `${decision} counts again on hosts of acme, by version 2`,
    );
    const again = await run("policy", "unhold", "acme", decision);
    expect(again.code).not.toBe(0);
    expect(again.err).toContain(`${decision} is not held for acme`);
  });

  it("says all that is wrong in a file, without a cloud", async () => {
    const file = path("bad.yaml");
    writeFileSync(file, "version: 1\nmode: observe\n");
    const { code, err } = await run("policy", "check", file);
    expect(code).toBe(2);
    expect(err).toContain("org: ");
    expect(err).toContain("mode: ");
  });

  it("says without a cloud what hosts would refuse", async () => {
    const [file, allowance] = [path("wide.yaml"), path("allowance.json")];
    await run("policy", "draft", "acme", file);
    allow(file, "198.18.0.0/16");
    const check = ["policy", "check", file] as const;
    const narrow = await run(...check);
    expect([narrow.code, narrow.err]).toEqual([
      ...[2, expect.stringContaining("no critical keys allow that")],
    ]);
    const wide = ["--add", "198.18.0.0/15"];
    await run("allowance", "draft", "acme", allowance, ...wide);
    const key = path("keys/critical.pem");
    await run("allowance", "sign", allowance, "--key", key);
    const good = await run(...check, "--allowance", allowance);
    expect([good.err, good.code]).toEqual(["", 0]);
    const draft = readFileSync(allowance, "utf8");
    writeFileSync(allowance, draft.replace("acme", "globex"));
    const others = await run(...check, "--allowance", allowance);
    expect(others.err).toContain("it is for hosts of globex");
  });

  it("allows what is wide once the critical key has signed for it", async () => {
    const [file, allowance] = [path("wide.yaml"), path("allowance.json")];
    await run("policy", "draft", "acme", file);
    allow(file, "198.18.0.0/16");
    const publish = ["policy", "publish", "acme", file] as const;
    const refused = await run(...publish);
    expect([refused.code, refused.err]).toEqual([
      ...[2, expect.stringContaining("no critical keys allow that")],
    ]);
    const wide = ["--add", "198.18.0.0/15"];
    await run("allowance", "draft", "acme", allowance, ...wide);
    const unsigned = await run(...publish, "--allowance", allowance);
    expect(unsigned.err).toContain(`nobody has signed ${allowance} yet`);
    const key = path("keys/critical.pem");
    const signed = await run("allowance", "sign", allowance, "--key", key);
    expect(signed.out).toContain("policies of acme: 198.18.0.0/15");
    const waits = await run(...publish, "--allowance", allowance);
    expect([waits.err, waits.code]).toEqual([expect.anything(), 4]);
    await release();
    const { out } = await run("policy", "show", "acme");
    expect(out).toContain("it allows 1 range");
  });
});
