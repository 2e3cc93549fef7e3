import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { closeCodes } from "../../../agent/protocol/close-codes.js";
import { wire1, wire2 } from "../../../agent/protocol/wire.js";
import type { ReportedItem } from "../../../agent/protocol/telemetry-v2.js";
import type { SigningKey } from "../../../agent/trust/keys.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { signAsDevice } from "../../../agent/trust/sign.js";
import { positionAfter, TestAgent } from "../../support/agent/test-agent.js";
import {
  eventually,
  startTestCloud,
  type Enrolled,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { detection } from "./items.js";

const stated = (
  agent: string,
  fact: object,
  key: Pick<SigningKey, "sign">,
): ReportedItem => {
  const document = { agent, time: Date.now(), mode: "enforce", ...fact };
  return { kind: "statement", ...signAsDevice("statement", document, key, 2) };
};

const failed = (revision: number) => ({
  ...{ what: "trial-failed", feed: "urgent", revision, bans: 1 },
  why: ["the gateway does not answer"],
});

describe("a statement", () => {
  it("is kept to the byte, and shown to operators", async () => {
    await using site = await connected();
    const { agent, who, cloud } = site;
    const item = stated(who.agent, { what: "mode" }, who.key);
    await report(agent, item);
    const [entry] = await statementsOf(cloud);
    expect({ kind: "statement", ...entry }).toMatchObject(item);
    expect(entry?.statement).toMatchObject({ what: "mode", mode: "enforce" });
  });

  it("that is said twice is kept once", async () => {
    await using site = await connected();
    const { agent, who, cloud } = site;
    const items = [stated(who.agent, { what: "mode" }, who.key)];
    const { spool } = agent;
    for (let n = 0; n < 2; n++) {
      agent.send({ type: "telemetry", spool, first: 1, items });
      await agent.next("telemetry-ack");
    }
    expect(await statementsOf(cloud)).toHaveLength(1);
  });

  it("lies apart from what came with it, which is kept for a shorter time", async () => {
    await using site = await connected();
    const { agent, who, cloud } = site;
    const mode = () => stated(who.agent, { what: "mode" }, who.key);
    const [one, other] = [detection("203.0.113.1"), detection("203.0.113.2")];
    const items = [one, mode(), mode(), other, mode()];
    const { spool } = agent;
    agent.send({ type: "telemetry", spool, first: 7, items });
    const { through } = await agent.next("telemetry-ack");
    expect(through).toBe(11);
    expect(await statementsOf(cloud)).toHaveLength(3);
    expect(rowsOf(cloud, spool)).toEqual([
      { number: 7, kinds: ["detection"] },
      { number: 8, kinds: ["statement", "statement"] },
      { number: 10, kinds: ["detection"] },
      { number: 11, kinds: ["statement"] },
    ]);
  });

  it("of a change that was taken back is what became of the decision there", async () => {
    await using site = await connected();
    const { agent, who, cloud } = site;
    const { id } = await banned(site, 7, true);
    await report(agent, stated(who.agent, failed(7), who.key));
    const { body } = await cloud.request("GET", `/api/v1/decisions/${id}`);
    expect(JSON.stringify(body)).toContain('"taken-back"');
    expect(JSON.stringify(body)).toContain("the gateway does not answer");
    const found = await statementsOf(cloud, `?decision=${id}`);
    expect(found.map(({ statement }) => statement.what)).toEqual([
      "trial-failed",
    ]);
  });

  it("of a trial that went well, of this one, leaves none on trial", async () => {
    await using site = await connected();
    const { agent, who, cloud } = site;
    const { id } = await banned(site, 7, true);
    const passed = {
      what: "trial-passed",
      feed: "urgent",
      revision: 7,
      bans: 1,
    };
    await report(
      agent,
      stated(who.agent, passed, who.key),
      stated(who.agent, failed(6), who.key),
    );
    const { body } = await cloud.request("GET", `/api/v1/decisions/${id}`);
    expect(JSON.stringify(body)).toContain('"in-force"');
  });

  it.each(["another agent", "another key", "no known kind"])(
    "of %s ends the session, and is not kept",
    async (of) => {
      await using site = await connected();
      const { agent, who, cloud } = site;
      const name = of === "another agent" ? "agt-0000000000000000" : who.agent;
      const key = of === "another key" ? generateKey() : who.key;
      const fact = { what: of === "no known kind" ? "danced" : "mode" };
      const items = [stated(name, fact, key)];
      agent.send({ type: "telemetry", spool: agent.spool, first: 1, items });
      const { code } = await agent.ended;
      const { unauthenticated } = closeCodes;
      const bad = closeCodes["bad-message"];
      expect(code).toBe(of === "another key" ? unauthenticated : bad);
      expect(await statementsOf(cloud)).toEqual([]);
    },
  );

  it("in version 1 is no telemetry", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who, [], wire1);
    const items = [stated(who.agent, { what: "mode" }, who.key)];
    agent.send({ type: "telemetry", spool: agent.spool, first: 1, items });
    expect((await agent.ended).code).toBe(closeCodes["bad-message"]);
  });
});

describe("an item of a kind that this cloud does not know", () => {
  it("is acknowledged and passed over, and what follows is taken in", async () => {
    await using site = await connected();
    const { agent, who, cloud } = site;
    const item = { kind: "weather", version: 3, rain: [true] };
    await report(
      agent,
      { kind: "opaque", item },
      stated(who.agent, { what: "mode" }, who.key),
    );
    expect(await statementsOf(cloud)).toHaveLength(1);
  });
});

async function connected() {
  const cloud = await startTestCloud();
  const who = await cloud.enrol();
  const agent = await TestAgent.connect(cloud, who, [], wire2);
  return {
    ...{ cloud, who, agent },
    [Symbol.asyncDispose]: async () => {
      agent[Symbol.dispose]();
      await cloud[Symbol.asyncDispose]();
    },
  };
}

/** A ban that the agent says to have, at this revision of its ledger. */
async function banned(
  { cloud, agent, who }: { cloud: TestCloud; agent: TestAgent; who: Enrolled },
  revision: number,
  tried: boolean,
): Promise<{ readonly id: string }> {
  const { decision: id } = await cloud.ban("203.0.113.7");
  const position = positionAfter(await agent.nextSegment());
  const trial = { bans: 1, until: Date.now() + 600_000 };
  agent.sendReceipt(who, position, { revision, ...(tried && { trial }) });
  await eventually(async () => {
    type Found = { total: number };
    const found = await cloud.request<Found>("GET", "/api/v1/receipts");
    return found.body.total > 0 ? true : undefined;
  });
  return { id };
}

async function report(
  agent: TestAgent,
  ...items: readonly ReportedItem[]
): Promise<void> {
  const { spool } = agent;
  agent.send({ type: "telemetry", spool, first: 1, items: [...items] });
  while ((await agent.next("telemetry-ack")).through < items.length);
}

/** As they lie in the file: the number of the first item, and which kinds. */
function rowsOf({ dir }: TestCloud, spool: string) {
  const path = join(dir, "observations", "observations.db");
  const file = new BetterSqlite3(path, { readonly: true });
  const rows = file
    .prepare<[string], { number: number; body: string }>(
      "SELECT number, body FROM observations WHERE spool = ? ORDER BY number",
    )
    .all(spool);
  file.close();
  return rows.map(({ number, body }) => {
    const { items } = JSON.parse(body) as { items: { kind: string }[] };
    return { number, kinds: items.map(({ kind }) => kind) };
  });
}

interface Entry {
  readonly agent: string;
  readonly signed: string;
  readonly statement: { readonly what: string };
}

async function statementsOf(
  cloud: TestCloud,
  query = "",
): Promise<readonly Entry[]> {
  type Found = { items: Entry[] };
  const path = `/api/v1/statements${query}`;
  return (await cloud.request<Found>("GET", path)).body.items;
}
