import { describe, expect, it } from "@jest/globals";
import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import { limits } from "../../../agent/protocol/limits.js";
import { openSegment, readOps } from "../../../agent/protocol/segment.js";
import { generateKey } from "../../../agent/trust/keys.js";
import { JournalConflict } from "../../../cloud/journal/failures.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { enrolmentOf } from "../../support/cloud/enrolling.js";
import { banOn, imported, openBoth, sealedIn } from "./gateways.js";

describe("two gateways on the same decisions", () => {
  it("let one host in by one token, though both look at it at once", async () => {
    using folder = temporaryFolder();
    using world = await openBoth(folder.path);
    const [one, other] = world.gateways;
    const expiresAt = Date.now() + 60_000;
    const order = { org: "acme", expiresAt, by: "first", url: "http://x" };
    const { token } = await one!.enrolment.makeToken(order);
    await other!.decisions.catchUp();
    const requests = Array.from({ length: 4 }, () =>
      enrolmentOf(token, generateKey()),
    );
    const answers = await Promise.allSettled(
      [one, other, one, other].map((each, i) =>
        each!.enrolment.enrol(requests[i]!, "192.0.2.1"),
      ),
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
  });

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
