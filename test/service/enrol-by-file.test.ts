import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { CarriedAnswer } from "../../agent/protocol/carried.js";
import { operatorOf } from "../cloud/cli/operator.js";
import { HostProcess } from "../support/agent/host-process.js";
import { tokenOfNowhere } from "../support/cloud/carried.js";
import { startTestCloud, type TestCloud } from "../support/cloud/cloud.js";

describe("a host that never sees its cloud", () => {
  it("is enrolled by files, and runs", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const { request, answer } = await answered(cloud, host);
    expect(statSync(request).mode & 0o777).toBe(0o600);
    const enrolled = await host.tourniquet("enrol", "--answer", answer);
    expect(enrolled.stderr).toBe("");
    const id = /enrolled as (agt-\w+) of example/.exec(enrolled.stdout)?.[1];
    expect(id).toBeDefined();
    const agents = await operatorOf(cloud)("agents", "--json");
    expect(agents.out).toContain(id);
    expect(existsSync(pendingOf(host))).toBe(false);

    await using _agent = host.run();
    await host.stands();
    const status = await host.tourniquet("status", "--json");
    expect(status.stdout).toContain(`"agent":"${id}"`);
  });

  it("takes no other host's answer, nor one of an earlier request", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    using other = new HostProcess();
    const theirs = await answered(cloud, other);
    const first = await answered(cloud, host);
    const refused = await host.tourniquet("enrol", "--answer", theirs.answer);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/answers the request of key [0-9a-f]{16}/);

    const second = await answered(cloud, host);
    const late = await host.tourniquet("enrol", "--answer", first.answer);
    expect(late.stderr).toMatch(/or of an earlier request/);
    const keys = readdirSync(host.stateDir).filter((name) =>
      name.endsWith(".key"),
    );
    expect(keys).toHaveLength(1); // the first request's is gone
    const done = await host.tourniquet("enrol", "--answer", second.answer);
    expect(done.code).toBe(0);
  });

  it("keeps its key where it had died before it forgot its request", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const { answer } = await answered(cloud, host);
    const pending = readFileSync(pendingOf(host));
    const done = await host.tourniquet("enrol", "--answer", answer);
    expect(done.code).toBe(0);
    writeFileSync(pendingOf(host), pending, { mode: 0o600 });
    await answered(cloud, host, "--force");
    await using _agent = host.run();
    await host.stands();
    expect((await host.tourniquet("status", "--json")).code).toBe(0);
  });

  it("takes no root but the one that its token pins", async () => {
    await using cloud = await startTestCloud();
    await using other = await startTestCloud();
    using host = new HostProcess();
    const { answer } = await answered(cloud, host);
    const carried = JSON.parse(readFileSync(answer, "utf8")) as CarriedAnswer;
    const root = other.signing.newest;
    const forged = host.folder.file(
      "forged",
      JSON.stringify({ ...carried, answer: { ...carried.answer, root } }),
    );
    const refused = await host.tourniquet("enrol", "--answer", forged);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/not acceptable: .*pinned is/);
  });

  it("says what is missing, or too much", async () => {
    using host = new HostProcess();
    const file = host.folder.file("file", "{}");
    const said = async (...argv: readonly string[]) =>
      (await host.tourniquet("enrol", ...argv)).stderr;
    expect(await said()).toMatch(/--token-file is needed/);
    expect(await said("--answer", file)).toMatch(/has made no request/);
    expect(await said("--answer", file, "--token-file", file)).toMatch(
      /--answer goes without/,
    );
    const token = host.folder.file("token", "tq1.nonsense");
    const to = join(host.folder.path, "request");
    expect(await said("--token-file", token, "--request-to", to)).toMatch(
      /--token-file .*: malformed enrolment token/,
    );
  });

  it("spends its token once, whichever way", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const { request, answer } = await answered(cloud, host);
    const run = operatorOf(cloud);
    const again = join(host.folder.path, "again");
    expect((await run("enrol-host", request, again)).code).toBe(0);
    expect(readFileSync(again, "utf8")).toBe(readFileSync(answer, "utf8"));
    using other = new HostProcess();
    const theirs = join(other.folder.path, "request");
    const token = join(host.folder.path, "token");
    const to = ["--request-to", theirs, "--token-file", token] as const;
    expect((await other.tourniquet("enrol", ...to)).stderr).toBe("");
    const nowhere = join(other.folder.path, "answer");
    const refused = await run("enrol-host", theirs, nowhere);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/this enrolment token was used by agt-/);
    expect(existsSync(nowhere)).toBe(false);
  });

  it.each([
    ["in a folder that is not there", "nowhere/answer"],
    ["where a folder is", "state"],
  ])(
    "spends no token on an answer %s",
    async (_, name) => {
      await using cloud = await startTestCloud();
      using host = new HostProcess();
      const request = await asked(cloud, host);
      const run = operatorOf(cloud);
      const out = join(host.folder.path, name);
      const refused = await run("enrol-host", request, out);
      expect(refused.code).toBe(2);
      expect(refused.err).toContain("cannot be written");
      const answer = join(host.folder.path, "answer");
      const done = await run("enrol-host", request, answer);
      expect(done).toMatchObject({ code: 0, err: "" });
      expect(existsSync(`${answer}.new`)).toBe(false);
    },
    30_000,
  );
});

const pendingOf = ({ stateDir }: HostProcess) =>
  join(stateDir, "enrolment-pending.json");

/** A request that was made there, and its answer, made here. */
async function answered(
  cloud: TestCloud,
  host: HostProcess,
  ...more: readonly string[]
) {
  const request = await asked(cloud, host, ...more);
  const answer = request.replace(/request$/, "answer");
  const done = await operatorOf(cloud)("enrol-host", request, answer);
  expect(done.err).toBe("");
  expect(done.out).toMatch(/is enrolled as agt-\w+ of example; carry/);
  return { request, answer };
}

/** Path of a request that was made there. */
async function asked(
  cloud: TestCloud,
  host: HostProcess,
  ...more: readonly string[]
) {
  await cloud.request("POST", "/api/v1/orgs", {
    ...{ id: "example", name: "example" },
  });
  const made = tokenOfNowhere(await cloud.token("example"));
  const token = host.folder.file("token", made);
  const name = `${readdirSync(host.folder.path).length}`;
  const request = join(host.folder.path, `${name}.request`);
  const asking = ["--token-file", token, "--request-to", request, ...more];
  const said = await host.tourniquet("enrol", ...asking);
  expect(said.stderr).toBe("");
  return request;
}
