import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { BundleSummary } from "../../../cloud/cli/bundle-file.js";
import { bundleOf, opened } from "../../support/cloud/carried.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { renewed } from "../../support/cloud/rotation.js";
import { TestFolder } from "../../support/folder.js";
import { operatorOf, type Ran } from "../cli/operator.js";

describe("a bundle that an operator makes", () => {
  const folder = new TestFolder();
  const out = join(folder.path, "bans.tqb");
  let cloud: TestCloud;
  let run: (...args: readonly string[]) => Promise<Ran>;

  beforeAll(async () => {
    cloud = await startTestCloud();
    run = operatorOf(cloud);
    await cloud.addOrg("example");
    await cloud.ban("203.0.113.1");
    await cloud.ban("203.0.113.2");
  });

  afterAll(async () => {
    await cloud[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("is for the only org that there is, and says what is in it", async () => {
    const made = await run("bundle", out);
    expect(made.code).toBe(0);
    expect(made.out).toMatch(/for any host of example; to be applied by /);
    expect(made.out).toMatch(/^urgent: up to 2, the whole state, 2 bans$/m);
    expect(made.out).toMatch(/^reputation: nothing yet$/m);
    const { header, parts } = opened(readFileSync(out));
    expect(header).toMatchObject({ cloud: "test-cloud", org: "example" });
    expect(parts.map(({ kind }) => kind)).toEqual([
      ...["root", "snapshot", "head", "head", "head"],
    ]);
  });

  it("goes on from positions, in words or in a file", async () => {
    const { body } = await cloud.request<Feeds>("GET", "/api/v1/feeds");
    const urgent = body.items.find(({ feed }) => feed === "urgent")!;
    const { epoch, offset, hash } = urgent;
    await cloud.ban("203.0.113.3");
    const place = `urgent=${epoch}/${offset}/${hash}`;
    const worded = await run("bundle", "--since", place, "--json", out);
    const feeds = (JSON.parse(worded.out) as BundleSummary).feeds;
    expect(feeds[0]).toMatchObject({ from: 2, offset: 3, segments: 1 });

    const position = { epoch, offset, hash };
    const verified = { feeds: [{ feed: "urgent", position }], root: {} };
    const path = join(folder.path, "verified");
    writeFileSync(path, JSON.stringify(verified));
    const filed = await run("bundle", "--json", "--since", path, out);
    expect((JSON.parse(filed.out) as BundleSummary).feeds[0]).toMatchObject({
      ...{ from: 2, offset: 3, segments: 1 },
    });
  });

  it("brings a whole state to who stands where it never was", async () => {
    const place = `urgent=elsewhere/1/${"01".repeat(32)}`;
    const { out: said } = await run("bundle", "--since", place, out);
    expect(said).toMatch(/^urgent: up to 3, the whole state, 3 bans$/m);
  });

  it("holds all roots, and what the newest keys signed", async () => {
    await renewed(cloud);
    const { parts } = opened(await bundleOf(cloud));
    const kinds = parts.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "root")).toHaveLength(2);
  });

  it("needs a name where there are more orgs, and one that there is", async () => {
    await cloud.addOrg("acme");
    const unnamed = await run("bundle", out);
    expect(unnamed.err).toMatch(/there are 2 orgs: name one, or an agent/);
    const wrong = await run("bundle", "--org", "globex", out);
    expect(wrong.err).toMatch(/there is no org globex/);
    const { agent } = await cloud.enrol("acme", "web.acme");
    const other = await run(
      "bundle",
      "--org",
      "example",
      "--agent",
      agent,
      out,
    );
    expect(other.err).toMatch(/\(web.acme\) is of acme/);
    const named = await run("bundle", "--agent", "web.acme", out);
    expect(named.out).toMatch(new RegExp(`for ${agent} of acme`));
  });

  it("is made one at a time, and one that nobody reads holds up no other", async () => {
    const asking = () =>
      fetch(`${cloud.url}/api/v1/bundles`, {
        method: "POST",
        headers: { authorization: `Bearer ${cloud.operator}` },
        body: JSON.stringify({ org: "example" }),
      });
    const answers = await Promise.all([asking(), asking(), asking()]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(200);
    for (const answer of answers) await answer.body?.cancel();
    const next = () => bundleOf(cloud, { org: "example" });
    await eventually(() => next().catch(() => undefined));
  });

  it("leaves an earlier file as it was when it does not come whole", async () => {
    writeFileSync(out, "earlier");
    const { code } = await run("bundle", "--org", "globex", out);
    expect(code).toBe(2);
    expect(readFileSync(out, "utf8")).toBe("earlier");
    expect(existsSync(`${out}.new`)).toBe(false);
  });

  it("is nobody's but operators'", async () => {
    const response = await fetch(`${cloud.url}/api/v1/bundles`, {
      method: "POST",
    });
    expect(response.status).toBe(401);
  });
});

interface Feeds {
  readonly items: readonly {
    readonly feed: string;
    readonly epoch: string;
    readonly offset: number;
    readonly hash: string;
  }[];
}
