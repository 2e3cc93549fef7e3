import { setImmediate as nextTurn } from "node:timers/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import {
  enrolmentProofBytes,
  decodeToken,
} from "../../../agent/protocol/enrolment.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { Deeds } from "../../../cloud/decide/deeds.js";
import { FeedIndex } from "../../../cloud/feeds/feed-index.js";
import { indexTables } from "../../../cloud/feeds/feed-index.projection.js";
import { Feeds } from "../../../cloud/feeds/feeds.js";
import { filesOf } from "../../../cloud/folder.js";
import type { Decisions } from "../../../cloud/journal/decisions.js";
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
    const token = await one!.enrolment.makeToken(order);
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
});

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
  const slow = slowly(decisions);
  const makeRoom = () => Promise.resolve();
  const feeds = new Feeds({
    ...{ decisions: slow, index, clock, sign: signing.sign },
    ...{ seen: () => 0, capacity: { makeRoom } },
  });
  const enrolling = { registry, clock, cloudName: "test-cloud", signing };
  return {
    ...{ decisions, registry, index, deeds: new Deeds(feeds, clock) },
    enrolment: new Enrolment({ ...enrolling, decisions: slow }),
    [Symbol.dispose]: () => {
      view[Symbol.dispose]();
      observed.close();
      decisions[Symbol.dispose]();
    },
  };
}

/** As a database that is elsewhere: others come in between. */
const slowly = (decisions: SqliteDecisions) =>
  ({
    get level() {
      return decisions.level;
    },
    catchUp: () => decisions.catchUp(),
    append: async (...args: Parameters<Decisions["append"]>) => {
      for (let turn = 0; turn < 3; turn++) await nextTurn();
      return decisions.append(...args);
    },
  }) satisfies Pick<Decisions, "level" | "append" | "catchUp">;
