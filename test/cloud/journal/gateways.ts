import { setImmediate as nextTurn } from "node:timers/promises";
import { join } from "node:path";
import { silentLogger } from "../../../agent/log/logger.js";
import type { Op } from "../../../agent/model/ban.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { systemClock } from "../../../agent/runtime/clock.js";
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
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { View } from "../../../cloud/journal/view.js";
import { Enrolment } from "../../../cloud/registry/enrolment.js";
import { presenceTables } from "../../../cloud/registry/presence.projection.js";
import { Registry } from "../../../cloud/registry/registry.js";
import { registryTables } from "../../../cloud/registry/registry.projection.js";
import { openDatabase } from "../../../cloud/journal/database.js";
import { foundCloud, loadCloud } from "../../../cloud/setup.js";
import { Calls } from "../../../cloud/audit/calls.js";
import { BOUNDLESS } from "../../../cloud/journal/sqlite-file.js";

/** All segments of the cloud's feeds, as they lie there. */
export async function sealedIn({ decisions }: Gateway) {
  const events = await decisions.after(0, 10_000);
  return events.flatMap(({ event }) =>
    event.kind === "segment" ? [event] : [],
  );
}

export const banOn = (address: string): Op => ({
  ...{ op: "ban", cidr: parseCidr(address), expiresAt: 4_000_000_000 },
  ...{ reason: "list", observed: false },
});

export const imported = (ranges: number, by = "first"): Decided => ({
  ...{ kind: "decided", decision: "dec_import", action: "import" },
  ...{ feed: "urgent", by, ranges, reason: "list" },
});

export type Gateway = Awaited<ReturnType<typeof openOne>>;

/** A founded cloud's decisions, opened twice, each with a view of its own. */
export async function openBoth(path: string) {
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
  const calls = new Calls();
  const decisions = SqliteDecisions.open(
    ...([filesOf(dir).decisions, clock, BOUNDLESS, calls] as const),
  );
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
    stood: (before) => calls.before(before),
  });
  const enrolling = { registry, clock, cloudName: "test-cloud", signing };
  return {
    ...{ decisions, registry, index, feeds, deeds, calls },
    /** What comes in between, the first times that it is about to append. */
    hinder: (by: () => Promise<unknown>, times = Infinity) => {
      let left = times;
      first = () => (left-- > 0 ? by() : Promise.resolve());
    },
    ban: (address: string, by = "first") =>
      deeds.ban({ feed: "urgent", by }, [parseCidr(address)], {
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
