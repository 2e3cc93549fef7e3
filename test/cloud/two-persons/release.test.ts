import {
  appendFileSync,
  existsSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import { NoRoom } from "../../../cloud/disk/room.js";
import type { Caller } from "../../../cloud/operators/caller.js";
import {
  addresses,
  ban,
  letIn,
  list,
  Stage,
  waiting,
  type Opened,
} from "./stage.js";

/** So long an order waits here. */
const WAITS_S = 300;
const SETTINGS = { flows: null, proposalForS: WAITS_S };

const WIDE = "45.8.0.0/15";

describe("a proposed order", () => {
  let stage: Stage;
  let cloud: Opened;
  let ann: Caller;
  let bo: Caller;

  beforeEach(async () => {
    stage = new Stage();
    cloud = await stage.open(SETTINGS);
    ann = await letIn(cloud, "ann", "approver");
    bo = await letIn(cloud, "bo", "approver");
  });
  afterEach(async () => {
    await cloud[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  const propose = async (...args: Parameters<typeof ban>): Promise<string> =>
    waiting(await cloud.orders.ban(ann, ban(...args))).waiting.id;
  const release = (caller: Caller, id: string) =>
    cloud.proposing.release({
      ...{ caller, id, reason: "I looked" },
      mustStand: () => undefined,
    });
  const standing = async (feed: "urgent" | "reputation" = "urgent") => {
    const look = await cloud.present.look([feed]);
    const all = [...(look?.within(feed, EVERYTHING) ?? [])];
    return all.map(({ cidr }) => formatCidr(cidr)).sort();
  };

  it("is in the log with all that was asked, and in the list until when it waits", async () => {
    const id = await propose([WIDE, "45.1.2.3"], { forSeconds: undefined });
    const [event] = await cloud.logged("order-proposed");
    expect(event).toMatchObject({
      ...{ proposal: id, operator: ann.operator, by: "ann", org: null },
      order: {
        ...{ action: "ban", feed: "urgent", ranges: [WIDE, "45.1.2.3"] },
        ...{ lasts: null, reason: "seen", observed: false, replace: false },
      },
      dangers: [{ why: "wide" }],
      expiresAt: stage.clock.now() + WAITS_S * 1000,
    });
    expect(cloud.waiting.list({ all: false, limit: 9 })).toMatchObject([
      { id, action: "ban", count: 2, few: [WIDE, "45.1.2.3"], verdict: null },
    ]);
  });

  it("is carried out by who proposed it, once somebody else releases it", async () => {
    const id = await propose([WIDE]);
    const [made] = await release(bo, id);
    expect(await standing()).toEqual([WIDE]);
    const [decided] = await cloud.logged("decided");
    expect(decided).toMatchObject({ by: "ann", decision: made?.decision });
    const [settled] = await cloud.logged("proposal-settled");
    expect(settled).toMatchObject({
      ...{ proposal: id, verdict: "released", by: "bo", reason: "I looked" },
      decision: made?.decision,
    });
    expect(settled!.seq).toBe(decided!.seq + 1);
    expect(cloud.waiting.order(id)).toMatchObject({ settledBy: "bo" });
  });

  it("is not released by who proposed it, with whichever credential", async () => {
    const id = await propose([WIDE]);
    const other = { ...ann, credential: "tok-another" };
    for (const same of [ann, other]) {
      await expect(release(same, id)).rejects.toThrow(
        `ann proposed ${id}: somebody else releases it`,
      );
    }
    expect(await standing()).toEqual([]);
  });

  it("nor by another account of the same person at an issuer", async () => {
    const id = await propose([WIDE]);
    const subject = { issuer: "https://id.example", subject: "7" };
    for (const { operator } of [ann, bo]) {
      await cloud.append({
        ...{ kind: "operator-changed", operator, subject, by: "test" },
      });
    }
    await expect(release(bo, id)).rejects.toThrow("somebody else releases it");
  });

  it("is withdrawn by who proposed it, and then nobody releases it", async () => {
    const id = await propose([WIDE]);
    await cloud.proposing.refuse(ann, id, "a typo");
    await expect(release(bo, id)).rejects.toThrow(
      `${id} was refused by ann already`,
    );
    expect(await cloud.logged("decided")).toEqual([]);
  });

  it("runs out", async () => {
    const id = await propose([WIDE]);
    await stage.clock.advance(WAITS_S * 1000);
    await expect(release(bo, id)).rejects.toThrow(`${id} ran out at 2026`);
    expect(cloud.waiting.list({ all: false, limit: 9 })).toEqual([]);
    expect(cloud.waiting.list({ all: true, limit: 9 })).toHaveLength(1);
  });

  it("is carried out once, however many release it at once", async () => {
    const cy = await letIn(cloud, "cy", "admin");
    const id = await propose([WIDE]);
    const came = await Promise.allSettled([
      ...[bo, cy, bo].map((caller) => release(caller, id)),
      cloud.proposing.refuse(ann, id, "no"),
    ]);
    const won = came.filter(({ status }) => status === "fulfilled");
    expect(won).toHaveLength(1);
    expect(await cloud.logged("decided")).toHaveLength(1);
    expect(await cloud.logged("proposal-settled")).toHaveLength(1);
  });

  it("is carried out where the feed stands by then, and settled where nothing is left to do", async () => {
    const id = await propose([WIDE]);
    const second = await propose([WIDE]);
    for (const each of addresses(3)) await cloud.orders.ban(bo, ban([each]));
    const [made] = await release(bo, id);
    expect(made?.offset).toBe(4);
    expect(await release(bo, second)).toEqual([]);
    expect(cloud.waiting.order(second)).toMatchObject({
      ...{ verdict: "released", decision: null },
    });
  });

  const proposeLift = async (): Promise<string> => {
    for (const feed of ["urgent", "reputation"] as const) {
      await cloud.orders.ban(ann, ban(["45.1.2.3"], { feed }));
    }
    const came = await cloud.orders.lift(ann, {
      ...{ feeds: ["urgent", "reputation"], ranges: [EVERYTHING] },
      ...{ within: true, reason: "all of it", dryRun: false },
      breakGlass: undefined,
    });
    return waiting(came).waiting.id;
  };

  it("lifts in each of its feeds, and is settled once", async () => {
    const id = await proposeLift();
    expect(await release(bo, id)).toHaveLength(2);
    expect([...(await standing()), ...(await standing("reputation"))]).toEqual(
      [],
    );
    const decided = await cloud.logged("decided");
    const [settled, ...more] = await cloud.logged("proposal-settled");
    expect(settled).toMatchObject({ decision: decided.at(-1)?.decision });
    expect([settled?.seq, ...more]).toEqual([decided.at(-1)!.seq + 1]);
  });

  it("stays open where it ends in the midst of its feeds, and goes on once it is released again", async () => {
    const id = await proposeLift();
    const append = cloud.decisions.append.bind(cloud.decisions);
    let appends = 0;
    cloud.decisions.append = (...args) => {
      if (++appends > 1) throw new NoRoom("the disk");
      return append(...args);
    };
    await expect(release(bo, id)).rejects.toThrow(NoRoom);
    cloud.decisions.append = append;
    expect([await standing(), await standing("reputation")]).toEqual([
      ...[[], ["45.1.2.3"]],
    ]);
    expect(cloud.waiting.order(id)).toMatchObject({ verdict: null });
    expect(await release(bo, id)).toMatchObject([{ feed: "reputation" }]);
    expect(await standing("reputation")).toEqual([]);
    expect(await cloud.logged("proposal-settled")).toHaveLength(1);
  });

  it("is settled where only the first of its feeds had something to lift", async () => {
    const id = await proposeLift();
    await cloud.orders.lift(bo, {
      ...{ feeds: ["reputation"], ranges: [parseCidr("45.1.2.3")] },
      ...{ within: false, reason: "", dryRun: false, breakGlass: undefined },
    });
    const [made] = await release(bo, id);
    expect(cloud.waiting.order(id)).toMatchObject({
      ...{ verdict: "released", decision: made?.decision },
    });
  });

  describe("of a list", () => {
    const lines = ["45.8.0.0/15", ...addresses(30)];

    const proposed = async () =>
      waiting(await cloud.orders.import(ann, await list(lines))).waiting.id;

    it("has its ranges in a file that survives a restart, and goes with the proposal", async () => {
      const id = await proposed();
      const path = join(stage.dir, "proposed", id);
      await cloud[Symbol.asyncDispose]();
      cloud = await stage.open(SETTINGS);
      expect(existsSync(path)).toBe(true);
      await release(bo, id);
      expect(await standing("reputation")).toHaveLength(31);
      expect(existsSync(path)).toBe(false);
      const [decided] = await cloud.logged("decided");
      expect(decided).toMatchObject({
        ...{ action: "import", by: "ann", list: "bad", ranges: 31 },
      });
    });

    it("is not carried out where somebody has changed the file", async () => {
      const id = await proposed();
      writeFileSync(join(stage.dir, "proposed", id), "45.9.0.1\n");
      await expect(release(bo, id)).rejects.toThrow(
        "is not the list that was proposed",
      );
      expect(await cloud.logged("decided")).toEqual([]);
    });

    it("is shown by its first ranges, and the rest of the file is not read for that", async () => {
      const id = await proposed();
      const path = join(stage.dir, "proposed", id);
      appendFileSync(path, "what nobody gets to\n");
      const shown = async (most: number) =>
        cloud.proposing.rangesOf(cloud.waiting.order(id)!, most);
      expect(await shown(3)).toEqual([WIDE, "45.9.0.0", "45.9.0.1"]);
      expect(await shown(31)).toHaveLength(31);
      await expect(shown(32)).rejects.toThrow(`the list of ${id} cannot be`);
      rmSync(path);
      await expect(shown(1)).rejects.toThrow(`the list of ${id} cannot be`);
    });

    it("leaves no file behind where there was no room to propose it", async () => {
      for (let i = 0; i < 99; i++) await propose([WIDE]);
      const came = await Promise.allSettled([proposed(), proposed()]);
      expect(came.map(({ status }) => status).sort()).toEqual([
        ...["fulfilled", "rejected"],
      ]);
      expect(readdirSync(join(stage.dir, "proposed"))).toHaveLength(1);
    });

    it("leaves no file behind once it ran out or was refused, or that nobody proposed", async () => {
      const folder = join(stage.dir, "proposed");
      const refused = await proposed();
      await proposed();
      await cloud.proposing.refuse(bo, refused, "no");
      writeFileSync(join(folder, "prp-of-a-crash"), "45.9.0.1\n");
      expect(readdirSync(folder)).toHaveLength(2);
      await stage.clock.advance(60_000);
      expect(readdirSync(folder)).toHaveLength(1);
      await stage.clock.advance(WAITS_S * 1000);
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  it("finds no room where others of the same operator are just being written", () => {
    const MIB = 1024 * 1024;
    const { waiting: orders } = cloud;
    {
      using first = orders.coming("prp-first", ann.operator);
      first.has(64 * MIB);
      using second = orders.coming("prp-second", ann.operator);
      second.has(63 * MIB);
      first.has(65 * MIB);
      expect(() => second.has(64 * MIB)).toThrow(
        "with 68157440 bytes of ranges",
      );
      using others = orders.coming("prp-others", bo.operator);
      others.has(128 * MIB);
    }
    using last = orders.coming("prp-last", ann.operator);
    last.has(128 * MIB);
  });

  it("finds no room beyond its operator's share, which others do not feel", async () => {
    for (let i = 0; i < 100; i++) await propose([WIDE]);
    await expect(propose([WIDE])).rejects.toThrow(
      "100 of your orders wait for somebody else",
    );
    const others = await cloud.orders.ban(bo, ban([WIDE]));
    const [first] = cloud.waiting.list({ all: false, limit: 1 });
    expect(waiting(others).waiting.id).toBe(first?.id);
    const [own] = cloud.waiting.list({
      all: false,
      limit: 1,
      before: first?.seq,
    });
    await cloud.proposing.refuse(ann, own!.id, "to make room");
    await propose([WIDE]);
  });
});

const EVERYTHING = {
  family: 4,
  address: new Uint8Array(4),
  prefix: 0,
} as const;
