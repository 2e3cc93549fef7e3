import { randomUUID } from "node:crypto";
import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { systemClock } from "../../../agent/runtime/clock.js";
import { wire1 } from "../../../agent/protocol/wire.js";
import type { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { Turns } from "../../../cloud/rate/turns.js";
import { Registry } from "../../../cloud/registry/registry.js";
import { contactTables } from "../../../cloud/telemetry/contacts.projection.js";
import { detectionTables } from "../../../cloud/telemetry/detections.projection.js";
import { sightingTables } from "../../../cloud/telemetry/sightings.projection.js";
import { spoolTables } from "../../../cloud/telemetry/spools.projection.js";
import { Telemetry } from "../../../cloud/telemetry/telemetry.js";
import { EvidenceReader } from "../../../cloud/telemetry/evidence-reader.js";
import { agentMessages } from "../../protocol/arbitraries.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import {
  startTestCloud,
  temporaryFolder,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import {
  contact,
  detection,
  health,
  hits,
  inventory,
  vitals,
} from "./items.js";

jest.setTimeout(30_000);

describe("telemetry", () => {
  it("is acknowledged once it is written down, and again when it is said again", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const { spool } = agent;
    const say = (first: number, ...items: TelemetryItem[]) => {
      agent.send({ type: "telemetry", spool, first, items });
      return agent.next("telemetry-ack");
    };
    const [a, b, c] = ["203.0.113.1", "203.0.113.2", "203.0.113.3"];
    expect(await say(1, detection(a), detection(b))).toEqual({
      ...{ type: "telemetry-ack", spool, through: 2 },
    });
    expect(await say(1, detection(a))).toMatchObject({ through: 1 });
    expect(await say(2, detection(b), detection(c))).toMatchObject({
      through: 3,
    });
    expect(await say(9, detection(a))).toMatchObject({ through: 9 });
    const { items: detections } = await ask<Detections>(
      cloud,
      "/api/v1/detections",
    );
    expect(detections.map(({ source }) => source)).toEqual([a, c, b, a]);
  });

  it("keeps what one agent says apart from another's", async () => {
    await using cloud = await startTestCloud();
    using one = await TestAgent.connect(cloud, await cloud.enrol("one"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("two"));
    const { spool } = one;
    await one.report(detection("203.0.113.1"));
    const items = [detection("203.0.113.2")];
    two.send({ type: "telemetry", spool, first: 1, items });
    await two.next("telemetry-ack");
    const path = "/api/v1/detections?org=two";
    const { items: detections } = await ask<Detections>(cloud, path);
    expect(detections).toMatchObject([{ source: "203.0.113.2", org: "two" }]);
  });

  it("finds detections by where they came from and who saw them", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    using agent = await TestAgent.connect(cloud, who);
    await agent.report(
      ...["203.0.113.1", "203.0.114.1", "2001:db8::1"].map((source) =>
        detection(source),
      ),
    );
    const sources = async (query: string) => {
      const path = `/api/v1/detections?${query}`;
      const { items: detections } = await ask<Detections>(cloud, path);
      return detections.map(({ source }) => source);
    };
    expect(await sources("range=203.0.113.0/24")).toEqual(["203.0.113.1"]);
    expect(await sources("range=2001:db8::/32")).toEqual(["2001:db8::1"]);
    expect(await sources(`agent=${who.agent}&limit=2`)).toEqual([
      ...["2001:db8::1", "203.0.114.1"],
    ]);
    const nobody = await cloud.request("GET", "/api/v1/detections?agent=agt-0");
    expect(nobody).toMatchObject({ status: 404, body: { code: "unknown" } });
  });

  it("is from no later than it came, and says by how much it claims to be", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const time = Date.now() + 3_600_000;
    await agent.report(detection("203.0.113.1", { time }));
    const { items: detections } = await ask<Detections>(
      cloud,
      "/api/v1/detections",
    );
    const [only] = detections;
    expect(only?.time).toBe(only?.at);
    expect(only?.earlyBy).toBeGreaterThan(3_590_000);
  });

  it("adds up what bans dropped, by attacker and org", async () => {
    await using cloud = await startTestCloud();
    for (const org of ["one", "two"]) {
      using agent = await TestAgent.connect(cloud, await cloud.enrol(org));
      await agent.report(hits("203.0.113.1", "2001:db8::1"));
      await agent.report(hits("203.0.113.1", "no address"));
    }
    const { items: sightings, totals } = await ask<Sightings>(
      cloud,
      "/api/v1/sightings",
    );
    expect(sightings).toMatchObject([
      {
        ...{ range: "203.0.113.1", org: "one", packets: 20, bytes: 1_200 },
        ...{ outgoing: 0, forwarded: 0, observed: 0 },
      },
      { range: "203.0.113.1", org: "two", packets: 20, bytes: 1_200 },
      { range: "2001:db8::1", org: "one", packets: 10, bytes: 600 },
      { range: "2001:db8::1", org: "two", packets: 10, bytes: 600 },
    ]);
    expect(totals).toEqual([
      { org: "one", packets: 60, bytes: 3_600, observed: 0 },
      { org: "two", packets: 60, bytes: 3_600, observed: 0 },
    ]);
    const within = "/api/v1/sightings?range=2001:db8::/32&org=one";
    expect((await ask<Sightings>(cloud, within)).items).toHaveLength(1);
  });

  it("tells what was dropped from what was watched, and which way it went", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol("one"));
    const watched = hits("203.0.113.1");
    watched.others.observed = 4;
    watched.top.push(
      { ...watched.top[0]!, direction: "out", packets: 3 },
      { ...watched.top[0]!, forwarded: true, packets: 5 },
      { ...watched.top[0]!, observed: true, packets: 7 },
    );
    await agent.report(watched);
    expect(await ask<Sightings>(cloud, "/api/v1/sightings")).toMatchObject({
      items: [{ packets: 25, outgoing: 3, forwarded: 5, observed: 7 }],
      totals: [{ packets: 35, observed: 11 }],
    });
  });

  it("lists which processes called whom, the newest first", async () => {
    await using cloud = await startTestCloud();
    using one = await TestAgent.connect(cloud, await cloud.enrol("one"));
    using two = await TestAgent.connect(cloud, await cloud.enrol("two"));
    const place = { unit: "backup.service", container: "4f0c1de3a5b6" };
    await one.report(contact("203.0.113.1", { process: "curl", ...place }));
    await two.report(contact("203.0.113.2", { begun: false, observed: true }));
    const { items: contacts } = await ask<Contacts>(cloud, "/api/v1/contacts");
    expect(contacts).toMatchObject([
      {
        ...{ org: "two", range: "203.0.113.2", begun: false, observed: true },
        ...{ process: null, unit: null, container: null },
      },
      {
        ...{ org: "one", range: "203.0.113.1", begun: true, forwarded: false },
        ...{ observed: false, process: "curl", ...place },
        ...{ protocol: 6, port: 443, packets: 1, earlyBy: 0 },
      },
    ]);
    const within = "/api/v1/contacts?range=203.0.113.2&org=two&limit=5";
    expect((await ask<Contacts>(cloud, within)).items).toHaveLength(1);
    const nobody = await cloud.request("GET", "/api/v1/contacts?agent=nobody");
    expect(nobody).toMatchObject({ status: 404, body: { code: "unknown" } });
  });

  it("shows how each host is, as it said last", async () => {
    await using cloud = await startTestCloud();
    using agent = await TestAgent.connect(cloud, await cloud.enrol());
    const dropped = {
      kind: "dropped",
      items: 3,
      reason: "spool-full",
    } as const;
    await agent.report(
      ...[vitals(1), inventory(), vitals(7), { ...dropped, time: 1 }],
      ...[health("disk-full"), health("drift"), health("drift", "cleared")],
      health("ruleset-disturbed", "happened"),
    );
    type Agents = { items: { report: object }[] };
    const { items: agents } = await ask<Agents>(cloud, "/api/v1/agents");
    expect(agents[0]?.report).toMatchObject({
      vitals: { bans: 7 },
      inventory: { system: "Debian 12" },
      health: [{ code: "disk-full", severity: "high" }],
      dropped: 3,
    });
  });

  it("is not acknowledged when it comes too fast, and in the end sends its agent away", async () => {
    await using cloud = await startTestCloud();
    const who = await cloud.enrol();
    const items = Array.from({ length: 64 }, () => vitals());
    const pour = (agent: TestAgent, messages: number) => {
      const { spool } = agent;
      for (let i = 0; i < messages; i++) {
        agent.send({ type: "telemetry", spool, first: 1 + i * 64, items });
      }
    };
    using once = await TestAgent.connect(cloud, who);
    pour(once, 900);
    while ((await once.next("telemetry-ack")).through < 900 * 64);
    using again = await TestAgent.connect(cloud, who);
    pour(again, 500);
    expect((await again.ended).reason).toBe("too-many-requests");
    const acked = again.messages.filter(({ type }) => type === "telemetry-ack");
    expect(acked.length).toBeGreaterThan(100);
    expect(acked.length).toBeLessThan(250);
  });

  it("is bounded, and whoever says most displaces nothing but their own", async () => {
    using folder = temporaryFolder();
    await using folded = await fold(folder.path);
    const { observe, telemetry } = folded;
    const say = async (who: string, number: number, items: TelemetryItem[]) => {
      const place = { agent: `agt-${who}`, org: who, spool: SPOOL };
      const first = number * 64 + 1;
      await observe({ kind: "telemetry", ...place, first, items });
    };
    await say("quiet", 0, [detection("203.0.113.7"), hits("203.0.113.7")]);
    for (let message = 0; message < 192; message++) {
      const remotes = Array.from({ length: 300 }, (_, i) => {
        return `198.${message}.${i >> 8}.${i & 255}`;
      });
      const detections = remotes.slice(0, 63).map((each) => detection(each));
      await say("loud", message, [...detections, hits(...remotes)]);
    }
    const count = (org: string) => {
      const query = { ...ANY, org, limit: 100_000 };
      const { length: detections } = telemetry.detections(query);
      return {
        detections,
        sightings: telemetry.sightings({ ...query, after: undefined }).length,
      };
    };
    expect(count("quiet")).toEqual({ detections: 1, sightings: 1 });
    const loud = count("loud");
    expect(loud.detections).toBe(10_000);
    expect(loud.sightings).toBeLessThanOrEqual(50_000);
    expect(loud.sightings).toBeGreaterThan(49_000);
  });

  it("can be folded whatever an agent says", async () => {
    using folder = temporaryFolder();
    await using folded = await fold(folder.path);
    const { observe, telemetry, views } = folded;
    const evidence = new EvidenceReader(views.observed, new Registry(views));
    const turns = new Turns(systemClock);
    const most = Number.MAX_SAFE_INTEGER;
    const extreme: TelemetryItem[] = [
      detection("203.0.113.1", { count: most, time: 253_402_300_799_999 }),
      detection("\ud800/99"),
      hits("203.0.113.1", "::/0", "0.0.0.0/0", "::ffff:203.0.113.1"),
      { kind: "dropped", time: 0, items: most, reason: "spool-lost" },
    ];
    const wide = hits("203.0.113.1");
    wide.others = {
      ...{ remotes: most, packets: most, bytes: most, observed: most },
    };
    wide.top[0]!.packets = most;
    const take = async (first: number, items: readonly TelemetryItem[]) => {
      const said = { type: "telemetry", spool: randomUUID(), first, items };
      const heard = wire1.fromAgent(JSON.stringify(said));
      if (heard.type !== "telemetry") throw new Error("it is telemetry");
      const from = { agent: "agt-1", org: "example" };
      await observe({ ...heard, kind: "telemetry", ...from });
      telemetry.detections({ ...ANY, limit: 1_000 });
      telemetry.sightings({ ...ANY, after: undefined, limit: 1_000 });
      telemetry.contacts({ ...ANY, limit: 1_000 });
      const all = { since: 0, now: most, after: 0 };
      await evidence.of({ attacker: "203.0.113.1", ...all }, turns);
      telemetry.hostOf("agt-1");
    };
    await take(most, extreme);
    await take(1, [...extreme, wide, wide, wide]);
    await fc.assert(
      fc.asyncProperty(agentMessages, async (message) => {
        if (message.type !== "telemetry") return;
        await take(message.first, message.items);
      }),
      { numRuns: 500 },
    );
  });
});

/** What is folded of what agents said. */
async function fold(folder: string) {
  const logs = await openLogs(folder, {
    ofObservations: [
      ...[spoolTables, detectionTables, sightingTables, contactTables],
    ],
  });
  return { ...logs, telemetry: new Telemetry(logs.views.observed) };
}

const SPOOL = "123e4567-e89b-42d3-a456-426614174000";

const ANY = {
  ...{ range: undefined, org: undefined },
  ...{ agent: undefined, before: undefined },
};

interface Detections {
  readonly items: {
    source: string;
    time: number;
    at: number;
    earlyBy: number;
  }[];
}

interface Contacts {
  readonly items: object[];
}

interface Sightings {
  readonly items: object[];
  readonly totals: object[];
}

async function ask<T>(cloud: TestCloud, path: string): Promise<T> {
  return (await cloud.request<T>("GET", path)).body;
}
