import { setImmediate as nextTurn } from "node:timers/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import type { Op } from "../../../agent/model/ban.js";
import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import {
  enrolmentProofBytes,
  decodeToken,
} from "../../../agent/protocol/enrolment.js";
import { limits } from "../../../agent/protocol/limits.js";
import { openSegment, readOps } from "../../../agent/protocol/segment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { Deeds } from "../../../cloud/decide/deeds.js";
import { LiftOrders } from "../../../cloud/decide/lift-orders.js";
import { FeedIndex } from "../../../cloud/feeds/feed-index.js";
import { indexTables } from "../../../cloud/feeds/feed-index.projection.js";
import { Feeds } from "../../../cloud/feeds/feeds.js";
import { bansTables } from "../../../cloud/feeds/snapshots/bans.projection.js";
import { Present } from "../../../cloud/feeds/snapshots/present.js";
import { filesOf } from "../../../cloud/folder.js";
import type { Decided } from "../../../cloud/journal/decision-events.js";
import type { Decisions } from "../../../cloud/journal/decisions.js";
import { JournalConflict } from "../../../cloud/journal/failures.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { View } from "../../../cloud/journal/view.js";
import { Enrolment } from "../../../cloud/registry/enrolment.js";
import { presenceTables } from "../../../cloud/registry/presence.projection.js";
import { Registry } from "../../../cloud/registry/registry.js";
import { registryTables } from "../../../cloud/registry/registry.projection.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { foundCloud, loadCloud } from "../../../cloud/setup.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";

describe("two gateways on the same decisions", () => {
  it("let one host in by one token, though both look at it at once", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    const expiresAt = Date.now() + 60_000;
    const order = { org: "acme", expiresAt, by: "first", url: "http://x" };
    const { token } = await one!.enrolment.makeToken(order);
    await other!.decisions.catchUp();
    const key = generateKey();
    const { secret } = decodeToken(token);
    const request = {
      ...{ secret, hostname: "h", system: "Linux", version: "0.4.0" },
      publicKey: Buffer.from(key.publicKey).toString("base64url"),
      proof: Buffer.from(key.sign(enrolmentProofBytes(secret))).toString(
        "base64url",
      ),
    };
    const answers = await Promise.allSettled(
      [one, other, one, other].map((each) => each!.enrolment.enrol(request)),
    );
    const refused = answers.flatMap((each) =>
      each.status === "rejected"
        ? [(each.reason as { code: string }).code]
        : [],
    );
    expect(refused).toEqual(["token-used", "token-used", "token-used"]);
    await one!.decisions.catchUp();
    expect(one!.registry.agents()).toHaveLength(1);
  });

  it("write one chain of a feed, whoever is first", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const orders = Array.from({ length: 12 }, (_, n) =>
      world.gateways[n % 2]!.deeds.ban(
        { feed: "urgent", by: "first" },
        [parseCidr(`203.0.113.${n}`)],
        { forSeconds: 60, reason: "", observed: false },
      ),
    );
    const offsets = (await Promise.all(orders)).map(({ offset }) => offset);
    expect([...offsets].sort((a, b) => a - b)).toEqual(
      offsets.map((_, n) => n + 1),
    );
    await world.gateways[0]!.decisions.catchUp();
    const events = await world.gateways[0]!.decisions.after(0, 100);
    const segments = events.flatMap(({ event }) =>
      event.kind === "segment" ? [event] : [],
    );
    expect(segments.map(({ first, last }) => [first, last])).toEqual(
      segments.map((_, n) => [n + 1, n + 1]),
    );
    const bytes = world.gateways[0]!.index.segmentsAfter(
      { feed: "urgent", epoch: segments[0]!.epoch, offset: 0 },
      Infinity,
    );
    expect(bytes).toHaveLength(12);
  });

  it("go on with a large import behind whatever the other decides meanwhile", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    const wanted = Array.from({ length: 18 * limits.segmentOps }, (_, n) =>
      banOn(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
    );
    let meanwhile = 0;
    one!.hinder(async () => {
      // Before it begins, and twice before it goes on.
      if (++meanwhile !== 2) await other!.ban(`203.0.113.${meanwhile}`);
    }, 4);
    await one!.feeds.publish(imported(wanted.length), wanted);
    const segments = await sealedIn(other!);
    const opened = segments.map(({ bytes }) => openSegment(bytes));
    const ends = opened.map(({ header }) => header.last);
    expect(opened.map(({ header }) => header.first)).toEqual(
      ends.map((_, n) => (ends[n - 1] ?? 0) + 1),
    );
    expect(opened.slice(1).map(({ header }) => header.previous)).toEqual(
      segments.slice(0, -1).map(({ hash }) => hash),
    );
    const own = segments.map(({ decision }) => decision === "dec_import");
    expect(own.filter((is) => is)).toHaveLength(18);
    expect(own.slice(own.indexOf(true), own.lastIndexOf(true))).toContain(
      false,
    );
    const ranges = opened.flatMap((each, n) =>
      own[n] ? [...readOps(each)].map(({ cidr }) => formatCidr(cidr)) : [],
    );
    expect(ranges).toEqual(wanted.map(({ cidr }) => formatCidr(cidr)));
  }, 60_000);

  it("each count what they lifted themselves, where both lift the same", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    await one!.ban("203.0.113.1");
    await other!.decisions.catchUp();
    const answers = await Promise.all([
      one!.lift("203.0.113.1"),
      other!.lift("203.0.113.1"),
    ]);
    const decided = answers.map(({ decisions }) => decisions.length);
    const lifted = answers.map(({ effects }) => effects[0]!.lifted["urgent"]);
    expect([...decided].sort()).toEqual([0, 1]);
    expect(lifted).toEqual(
      decided.map((decisions) => (decisions === 1 ? 1 : undefined)),
    );
  });

  it("tell who never comes first, and write nothing of what was wanted", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    let ahead = 0;
    one!.hinder(() => other!.ban(`203.0.113.${++ahead}`));
    await expect(one!.ban("198.51.100.1")).rejects.toThrow(JournalConflict);
    expect(ahead).toBe(8);
    expect(await sealedIn(other!)).toHaveLength(8);
  });
});

/** All segments of the cloud's feeds, as they lie there. */
async function sealedIn({ decisions }: Gateway) {
  const events = await decisions.after(0, 10_000);
  return events.flatMap(({ event }) =>
    event.kind === "segment" ? [event] : [],
  );
}

const banOn = (address: string): Op => ({
  ...{ op: "ban", cidr: parseCidr(address), expiresAt: 4_000_000_000 },
  ...{ reason: "list", observed: false },
});

const imported = (ranges: number): Decided => ({
  ...{ kind: "decided", decision: "dec_import", action: "import" },
  ...{ feed: "urgent", by: "first", ranges, reason: "list" },
});

type Gateway = Awaited<ReturnType<typeof openOne>>;

/** A founded cloud's decisions, opened twice, each with a view of its own. */
async function openBoth(path: string) {
  const dir = join(path, "cloud");
  const founding = { dir, name: "test-cloud", publicUrl: undefined };
  foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
  const gateways = [await openOne(dir, "one"), await openOne(dir, "other")];
  return {
    gateways,
    [Symbol.dispose]: () => {
      for (const each of gateways) each[Symbol.dispose]();
    },
  };
}

async function openOne(dir: string, name: string) {
  const clock = systemClock;
  const { signing } = loadCloud(dir, undefined);
  const decisions = SqliteDecisions.open(filesOf(dir).decisions, clock);
  const view = await View.open(join(dir, `${name}.db`), decisions, [
    ...[registryTables, indexTables],
  ]);
  const observed = openDatabase(join(dir, `${name}-seen.db`), "rebuildable");
  observed.exec(presenceTables.tables);
  const registry = new Registry({ decided: view.database, observed });
  const index = new FeedIndex(
    view.database,
    (seq) => decisions.segmentAt(seq),
    (segment) => segment,
  );
  let first = () => Promise.resolve<unknown>(undefined);
  const slow = slowly(decisions, () => first());
  const makeRoom = () => Promise.resolve();
  const feeds = new Feeds({
    ...{ decisions: slow, index, clock, sign: signing.sign },
    ...{ seen: () => 0, capacity: { makeRoom } },
  });
  const deeds = new Deeds(feeds, clock);
  const present = presentOf(join(dir, `${name}-bans.db`), index);
  const lifts = new LiftOrders({
    ...{ feeds, clock, look: (...asked) => present.look(...asked) },
    ...{ brought: async function* () {}, isOfList: () => false },
    foresee: () => () => undefined,
  });
  const enrolling = { registry, clock, cloudName: "test-cloud", signing };
  return {
    ...{ decisions, registry, index, feeds, deeds },
    /** What comes in between, the first times that it is about to append. */
    hinder: (by: () => Promise<unknown>, times = Infinity) => {
      let left = times;
      first = () => (left-- > 0 ? by() : Promise.resolve());
    },
    ban: (address: string) =>
      deeds.ban({ feed: "urgent", by: "first" }, [parseCidr(address)], {
        ...{ forSeconds: 60, reason: "", observed: false },
      }),
    lift: (address: string) =>
      lifts.lift({
        ...{ by: "first", reason: "", feeds: ["urgent"], within: false },
        ...{ ranges: [parseCidr(address)], dryRun: false },
      }),
    enrolment: new Enrolment({ ...enrolling, decisions: slow }),
    [Symbol.dispose]: () => {
      present[Symbol.dispose]();
      view[Symbol.dispose]();
      observed.close();
      decisions[Symbol.dispose]();
    },
  };
}

/** What stands, by the feed's tail alone. */
function presentOf(path: string, index: FeedIndex): Present {
  const bans = openDatabase(path, "rebuildable");
  bans.exec(bansTables.tables);
  bans.close();
  return new Present({
    ...{ path, clock: systemClock, log: silentLogger },
    standings: () => index.standings(),
    segmentsAfter: (...asked) => index.segmentsAfter(...asked),
    caughtUp: () => Promise.resolve(),
  });
}

/** As a database that is elsewhere: others come in between. */
const slowly = (decisions: SqliteDecisions, first: () => Promise<unknown>) =>
  ({
    get level() {
      return decisions.level;
    },
    catchUp: () => decisions.catchUp(),
    append: async (...args: Parameters<Decisions["append"]>) => {
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      await first();
      return decisions.append(...args);
    },
  }) satisfies Pick<Decisions, "level" | "append" | "catchUp">;
