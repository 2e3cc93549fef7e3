import { describe, expect, it } from "@jest/globals";
import { wire2 } from "../../../agent/protocol/wire.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import type {
  CoverageItem,
  CoverageTold,
} from "../../../cloud/cli/ask-coverage.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { health } from "../telemetry/items.js";
import { documentsIn, listOf, operatorOf, type Ran } from "./operator.js";

const ATTACKER = "203.0.113.7";

describe("who holds a decision", () => {
  it("is told with the host that was cut off named as missing, and since when", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const [web1, web2, db1] = await hostsOf(cloud);
    const cut = await TestAgent.connect(cloud, web1);
    using up = await TestAgent.connect(cloud, web2);
    using silent = await TestAgent.connect(cloud, db1);
    cut[Symbol.dispose]();
    await eventually(async () =>
      (await run("agents", "--offline")).out.includes("web1")
        ? true
        : undefined,
    );
    const id = idIn((await run("ban", ATTACKER)).out);
    up.sendReceipt(web2, positionAfter(await up.nextSegment()));
    await silent.nextSegment();

    const { out, code } = await untilTold(run, id, "held by 1 of 3");
    expect(code).toBe(0);
    expect(out).toMatch(
      /held by 1 of 3 hosts \(33\.3 %\): 1 proven, 0 inferred/,
    );
    expect(out).toMatch(
      /missing: .*web1 \(acme; offline for \d+ s, since \S+\)/,
    );
    expect(out).toMatch(/missing: .*db1 \(globex; connected, and silent for/);
    expect(out).toMatch(/proved after: p50 \d+ ms, .*max \d+ ms/);
    expect(out).toMatch(/acme +1\/2 +1\nglobex +0\/1 +1/);
    expect(out).toMatch(/web2 +acme +in force +\d+ ms +proven/);

    const listed = await run("coverage");
    expect(listed.out).toMatch(
      new RegExp(`${id} .* ban ${ATTACKER} +urgent +1/3 +2 `),
    );
    const [item] = documentsIn<CoverageItem>(
      (await run("coverage", "--json")).out,
    );
    expect(item).toMatchObject({
      ...{ must: 3, holding: 1, missing: 2, proven: 1, over: null },
      states: { "in-force": 1, offline: 1, waiting: 1 },
    });
  });

  it("keeps late-comers and those that were sent away apart", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const [web1, web2] = await hostsOf(cloud);
    const id = idIn((await run("ban", ATTACKER)).out);
    using agent = await TestAgent.connect(cloud, web1);
    const late = await cloud.enrol("acme", "late");
    using newcomer = await TestAgent.connect(cloud, late);
    await run("revoke", web2.agent);
    const at = await standingOf(cloud);
    agent.sendReceipt(web1, at);
    newcomer.sendReceipt(late, at);

    const { out } = await untilTold(run, id, ": 1 of them hold it");
    expect(out).toMatch(/held by 1 of 2 hosts/);
    expect(out).toContain("1 host came later: 1 of them hold it");
    expect(out).toContain("1 host of then revoked since");
    expect(out).toMatch(/late +acme +in force; came later +proven/);
  });

  it("says that a ban was lifted, or has given way to another", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await hostsOf(cloud);
    const lifted = idIn((await run("ban", ATTACKER)).out);
    const lift = idIn((await run("lift", ATTACKER)).out);
    const longer = idIn((await run("ban", "198.51.100.9", "--for", "1h")).out);
    const stands = idIn((await run("ban", "198.51.100.9")).out);
    const items = documentsIn<CoverageItem>(
      (await run("coverage", "--json")).out,
    );
    const overs = items.map((each) => [each.decision.decision, each.over]);
    expect(overs).toEqual([
      [stands, null],
      [longer, "gone"],
      [lift, null],
      [lifted, "gone"],
    ]);
    const { out } = await run("coverage", lifted);
    expect(out).toContain("other decisions took it back");
    expect((await run("coverage")).out).toMatch(
      new RegExp(`${lifted} .* 0/3 +gone`),
    );
  });

  it("says what was undone, until that is undone itself, and lifts that gave way", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await hostsOf(cloud);
    const overs = async (...ids: readonly string[]) => {
      const { out } = await run("coverage", "--json");
      const items = documentsIn<CoverageItem>(out);
      return ids.map(
        (id) =>
          items.find(({ decision: { decision } }) => decision === id)?.over,
      );
    };
    const undo = async (id: string) => {
      const { out } = await run("undo", id, "--reason", "a mistake");
      return out.match(/dec-\w+/g)?.[1] ?? "";
    };
    const addresses = Array.from({ length: 20 }, (_, i) => `198.51.100.${i}`);
    using list = listOf(...addresses);
    const imported = idIn((await run("import", list.path)).out);
    expect(await overs(imported)).toEqual([null]);
    const undone = await undo(imported);
    expect(await overs(imported, undone)).toEqual(["gone", null]);
    const again = await undo(undone);
    expect(await overs(imported, undone, again)).toEqual([null, "gone", null]);

    await run("ban", ATTACKER);
    const lift = idIn((await run("lift", ATTACKER)).out);
    expect(await overs(lift)).toEqual([null]);
    await run("ban", ATTACKER);
    expect(await overs(lift)).toEqual(["gone"]);
  });

  it("goes on with what devices stated after their receipts", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const [web1] = await hostsOf(cloud);
    using agent = await TestAgent.connect(cloud, web1, [], wire2);
    const id = idIn((await run("ban", ATTACKER)).out);
    agent.sendReceipt(web1, positionAfter(await agent.nextSegment()));
    await untilTold(run, id, "held by 1 of 3");
    const until = Date.now() + 60_000;
    const site = { agent, who: web1 };
    await state(site, 1, { what: "paused", until, mode: "observe" });
    const paused = await untilTold(run, id, "held by 0 of 3");
    expect(paused.out).toMatch(
      /web1 +acme +observed only: .* paused until \S+Z +\d+ ms +proven/,
    );
    await state(site, 2, { what: "pause-ended", mode: "enforce" });
    await untilTold(run, id, "held by 1 of 3");

    const released = {
      what: "released",
      range: ATTACKER,
      until,
      mode: "enforce",
    };
    await state(site, 3, released);
    const { out } = await untilTold(run, id, "held by 0 of 3");
    expect(out).toMatch(/web1 +acme +released by its operator until \S+Z/);
  });

  it("counts no host whose kernel was emptied since, until that is mended", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", "web1");
    using agent = await TestAgent.connect(cloud, who);
    const id = idIn((await run("ban", ATTACKER)).out);
    agent.sendReceipt(who, positionAfter(await agent.nextSegment()));
    await untilTold(run, id, "held by 1 of 1");
    await agent.report(health("not-enforcing"));
    const { out } = await untilTold(run, id, "held by 0 of 1");
    expect(out).toMatch(/web1 +acme +not enforcing: .* +said/);
    await agent.report(health("not-enforcing", "cleared"));
    await untilTold(run, id, "held by 1 of 1");
  });

  it("is written as CSV in which no host's name is a formula", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", '=cmd|"a",b');
    using agent = await TestAgent.connect(cloud, who);
    const id = idIn((await run("ban", "8.8.8.8")).out);
    const held = [{ range: "8.8.8.8", rule: "public-resolver" }];
    const at = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, at, { banned: 0, heldTotal: 1, held });
    await untilTold(run, id, "held by public-resolver");
    const { out } = await run("coverage", id, "--csv");
    const [head, row = "", ...more] = out.split("\n");
    expect(head).toMatch(/^decision,agent,hostname,org,holds,state,sure,late,/);
    expect(row).toContain(
      `${id},${who.agent},"'=cmd|""a"",b",acme,false,held,proven,false,20`,
    );
    expect(row).toContain(",public-resolver=1,");
    expect(more).toEqual([]);
    const all = (await run("coverage", "--csv")).out.split("\n");
    expect(all).toHaveLength(2);
    expect(all[1]).toMatch(new RegExp(`^${id},20.*,1,0,0,0,0,0,0,0,\\d+,`));
    const both = await run("coverage", "--csv", "--json");
    expect(both.code).toBe(2);
  });

  it("stands beside each ban, with lists that hosts hold in part", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const who = await cloud.enrol("acme", "web1");
    await cloud.enrol("acme", "web2");
    using agent = await TestAgent.connect(cloud, who);
    const banning = run("ban", ATTACKER, "8.8.8.8", "--wait", "300ms");
    const held = [{ range: "8.8.8.8", rule: "public-resolver" }];
    const at = positionAfter(await agent.nextSegment());
    agent.sendReceipt(who, at, { heldTotal: 1, held });
    const id = idIn((await banning).out);
    const { out } = await run("bans", ATTACKER);
    expect(out).toMatch(
      new RegExp(`${ATTACKER} .* enforce +0/2, 1 in part +${id}`),
    );
    const whole = await run("coverage", id);
    expect(whole.out).toContain("held in part by 1 host");
    const asked = await run("bans", ATTACKER, "--json");
    expect(asked.out).not.toContain("coverage");
    const partner = { name: "pat", role: "partner", collection: "urgent" };
    const { token } = await letIn(cloud, { ...partner, role: "partner" });
    const path = `/bans?coverage=true&range=${ATTACKER}`;
    const theirs = await askAtDoor<object>(cloud, token, ["GET", path]);
    expect(theirs.status).toBe(200);
    expect(JSON.stringify(theirs.body)).not.toContain("coverage");
  });

  it("is of an org's own hosts alone to its people", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await hostsOf(cloud);
    const id = idIn((await run("ban", ATTACKER)).out);
    const ann = { name: "ann", role: "viewer", org: "acme" } as const;
    const { token } = await letIn(cloud, ann);
    const ask = (path: string) =>
      askAtDoor<CoverageTold>(cloud, token, ["GET", path, undefined]);
    const { body } = await ask(`/coverage/${id}`);
    expect(body.hosts.map(({ hostname }) => hostname).sort()).toEqual([
      ...["web1", "web2"],
    ]);
    expect(body.coverage).toMatchObject({
      ...{ must: 2, orgs: [{ org: "acme", must: 2 }] },
      decision: { by: null },
    });
    expect((await ask(`/coverage/${id}?org=globex`)).status).toBe(404);
    const theirs = await run("coverage", id, "--org", "globex");
    expect(theirs.out).toContain("held by 0 of 1 host");
    const other = idIn(
      (await run("ban", ATTACKER, "--feed", "org/globex")).out,
    );
    expect((await ask(`/coverage/${other}`)).status).toBe(404);
  });
});

const hostsOf = async (
  cloud: TestCloud,
): Promise<[Enrolled, Enrolled, Enrolled]> => [
  await cloud.enrol("acme", "web1"),
  await cloud.enrol("acme", "web2"),
  await cloud.enrol("globex", "db1"),
];

async function standingOf(cloud: TestCloud) {
  const [feed] = await feedOf(cloud);
  if (feed === undefined) throw new Error("no urgent feed");
  const { epoch, offset, hash } = feed;
  const bytes = Uint8Array.from(Buffer.from(hash, "hex"));
  return { feed: "urgent", epoch, offset, hash: bytes } as const;
}

interface Feed {
  readonly feed: string;
  readonly epoch: string;
  readonly offset: number;
  readonly hash: string;
}

async function feedOf(cloud: TestCloud): Promise<readonly Feed[]> {
  const { body } = await cloud.request<{ items: Feed[] }>(
    ...(["GET", "/api/v1/feeds"] as const),
  );
  return body.items.filter(({ feed }) => feed === "urgent");
}

/** Has the device state, as its spool's so-manieth item, what changed on its host. */
async function state(
  { agent, who }: { readonly agent: TestAgent; readonly who: Enrolled },
  first: number,
  fact: object,
): Promise<void> {
  const said = { agent: who.agent, time: Date.now(), ...fact };
  const signed = signAsDevice("statement", said, who.key, 2);
  const items = [{ kind: "statement" as const, ...signed }];
  agent.send({ type: "telemetry", spool: agent.spool, first, items });
  while ((await agent.next("telemetry-ack")).through < first);
}

const untilTold = (
  run: (...args: string[]) => Promise<Ran>,
  id: string,
  what: string,
): Promise<Ran> =>
  eventually(async () => {
    const ran = await run("coverage", id);
    return ran.out.includes(what) ? ran : undefined;
  });

const idIn = (out: string): string => /dec-\w+/.exec(out)?.[0] ?? "";
