import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeEvents } from "../../agent/events/events.js";
import type { Verdict } from "../../agent/health/verdict.js";
import { silentLogger } from "../../agent/log/logger.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Hit, Total } from "../../agent/model/hit.js";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { systemClock } from "../../agent/runtime/clock.js";
import type { SpooledItem } from "../../agent/spool/spooled-item.js";
import { Spool } from "../../agent/spool/spool.js";
import { LinkStatus } from "../../agent/uplink/link-status.js";
import { TelemetryWalk } from "../../agent/walks/telemetry/telemetry-walk.js";
import { detection } from "../spool/items.js";
import { ScriptedCloud, ScriptedLink } from "../spool/scripted-cloud.js";
import { listOf } from "../support/agent/hits.js";
import { LedgerFolder } from "../support/agent/ledger.js";
import { eventually } from "../support/cloud/cloud.js";

describe("the telemetry walk", () => {
  let folder: LedgerFolder;
  let path: string;
  let hits: Hit[];
  let crowded: boolean;
  let rooms: number;
  let walk: TelemetryWalk;

  beforeEach(() => {
    folder = new LedgerFolder();
    path = join(folder.folder, "spool.db");
    hits = [hitOf(5)];
    crowded = false;
    rooms = 0;
    walk = start();
  });
  afterEach(async () => {
    await walk[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const start = () => {
    const walk = made();
    walk.startCounting();
    return walk;
  };
  const made = () =>
    new TelemetryWalk({
      path,
      ...{ version: "0.1.0", agent: "agent-1" },
      mode: () => "enforce",
      clock: systemClock,
      random: () => 0,
      events: makeEvents(silentLogger),
      enforcer: {
        hits: () => Promise.resolve(listOf(hits, crowded)),
        totals: () => Promise.resolve(totalsOf(hits)),
        makeRoom: () => {
          rooms++;
          return Promise.resolve();
        },
        rejects: true,
      },
      ledger: folder.open(),
      link: new LinkStatus(systemClock),
      contested: () => undefined,
      egress: "drop",
      verdict: () => Promise.resolve(ENFORCING),
      unshown: () => undefined,
      uncovered: () => [],
      trust: () => new Map(),
      sensors: () => [],
    });

  /** What lies in the spool, once the walk is over. */
  const spooled = async (): Promise<readonly SpooledItem[]> => {
    await walk[Symbol.asyncDispose]();
    using spool = Spool.open(path);
    return spool.next(true)?.items ?? [];
  };
  const settled = () =>
    eventually(() => (walk.view()?.last === 1 ? true : undefined));

  it("tells what the host is, and does not say it again after a restart", async () => {
    await settled();
    expect(walk.view()?.next).toMatchObject({
      first: 1,
      items: [{ kind: "inventory", version: "0.1.0" }],
    });
    await walk[Symbol.asyncDispose]();
    walk = start();
    await systemClock.sleep(500);
    expect(walk.view()?.last).toBe(1);
  });

  it("shows of statements only what the link takes", async () => {
    await settled();
    walk.state({ what: "pause-ended" });
    const kinds = () => walk.view()?.next?.items.map(({ kind }) => kind);
    await eventually(() => (walk.view()?.last === 2 ? true : undefined));
    expect(kinds()).toEqual(["inventory", "statement"]);
    walk.sayTo(new ScriptedLink());
    expect(kinds()).toEqual(["inventory"]);
  });

  it("takes what a sensor reports over the link to the cloud, and forgets it", async () => {
    const cloud = new ScriptedCloud();
    const link = new ScriptedLink();
    await settled();
    walk.sayTo(link);
    walk.acknowledged(link.answer(cloud));
    for (const count of [1, 2, 3]) walk.spoolItem(detection(count));
    await eventually(() => link.sent[1]);
    expect(walk.view()).toMatchObject({ last: 4, sent: 4, inFlight: true });

    walk.acknowledged(link.answer(cloud));

    expect(cloud.taken.slice(1).map(({ item }) => item)).toEqual(
      [1, 2, 3].map(detection),
    );
    expect(walk.view()).toMatchObject({
      ...{ acked: 4, next: undefined, inFlight: false },
      waiting: { items: 0, bytes: 0 },
    });
  });

  it("spools what was dropped by the kernel and reported until it ended", async () => {
    await settled();
    hits = [hitOf(12)];
    walk.spoolItem(detection(1));
    expect((await spooled()).slice(1)).toEqual([hitsOf(7), detection(1)]);
  });

  it("counts nothing until it is told to, nor when it ends", async () => {
    await settled();
    await walk[Symbol.asyncDispose]();
    walk = made();
    hits = [hitOf(12)];
    expect((await spooled()).slice(1)).toEqual([]);
  });

  it("has the kernel make room where hits are crowded, and only there", async () => {
    await settled();
    expect(rooms).toBe(0);
    crowded = true;
    await walk[Symbol.asyncDispose]();
    expect(rooms).toBe(1);
  });

  it("tells what was dropped while it did not run, once", async () => {
    await settled();
    await walk[Symbol.asyncDispose]();
    hits = [hitOf(9)];
    walk = start();
    await eventually(() => (walk.view()?.last === 2 ? true : undefined));
    await walk[Symbol.asyncDispose]();
    walk = start();
    expect((await spooled()).slice(1)).toEqual([hitsOf(4)]);
  });

  it("lets no item through that says more than it may", async () => {
    await settled();
    walk.spoolItem({ ...detection(1), user: "root" } as TelemetryItem);
    walk.spoolItem(detection(2));
    expect((await spooled()).slice(1)).toEqual([detection(2)]);
  });

  it("tells single happenings by themselves, and counts too many", async () => {
    await settled();
    for (let i = 0; i < 33; i++)
      walk.reportOnce("ruleset-disturbed", `nft ${i}`);
    const items = (await spooled()).slice(1);
    expect(items).toHaveLength(30);
    expect(items[0]).toMatchObject({
      ...{ kind: "health", code: "ruleset-disturbed", state: "happened" },
      text: "the bans in the kernel were disturbed: nft 0",
    });
  });

  it("goes on when its file is damaged, and says so", async () => {
    await settled();
    await walk[Symbol.asyncDispose]();
    writeFileSync(path, "damaged".repeat(9_999));
    walk = start();
    expect(walk.view()?.next?.items).toMatchObject([
      { kind: "dropped", reason: "spool-lost" },
    ]);
  });
});

const hitsOf = (packets: number): unknown =>
  expect.objectContaining({
    kind: "hits",
    top: [expect.objectContaining({ remote: "192.0.2.1", packets })],
  });

const totalsOf = (hits: readonly Hit[]): readonly Total[] =>
  hits.map(({ direction, observed, packets, bytes }) => ({
    ...{ family: 4, direction, observed, packets, bytes },
  }));

const hitOf = (packets: number): Hit => ({
  remote: parseCidr("192.0.2.1"),
  ...{ direction: "in", forwarded: false, observed: false },
  ...{ protocol: 6, way: 2, packets, bytes: packets * 60 },
});

const ENFORCING: Verdict = {
  does: "enforcing",
  findings: [
    {
      ...{ kind: "enforcing", does: "enforcing", text: "enforcing 0 bans" },
      ...{ detail: "", advice: undefined },
    },
  ],
};
