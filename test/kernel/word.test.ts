import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { output, until } from "../../scripts/lab/run.js";
import type { BanView } from "../../service/control/list-views.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  attempt,
  PacketWorld,
} from "../support/kernel/packet-world.js";

/** Commands are processes of their own, and processors may be busy. */
const SLOW_MS = 60_000;

const ATTACKERS = [ATTACKER[4], ATTACKER[6]];

describeInNamespace("the operator's last word, by real packets", () => {
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;
  let world: PacketWorld;
  let kernel: Enforcer;

  beforeAll(async () => {
    world = await PacketWorld.make();
    lab = new Lab();
    cloud = await lab.startCloud({ port: 18_480 });
    host = await lab.startHost(cloud, "host");
    kernel = await openNftables(systemBanClock);
    await order("bans", ATTACKERS);
  });

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    await kernel.cleanUp();
    await kernel[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it(
    "opens the host for a while, and closes it by itself",
    async () => {
      expect(await arrive()).toEqual([false, false]);
      expect(await tourniquet("pause", "--for", "12s")).toMatch(
        /^PAUSED until /,
      );
      await opened();
      expect(await tourniquet("status")).toMatch(/^PAUSED until /);
      await closed();
      expect(await tourniquet("status")).toMatch(/^enforcing/);
    },
    SLOW_MS,
  );

  it(
    "closes it although the agent was killed meanwhile, at a restore",
    async () => {
      await tourniquet("pause", "--for", "2s");
      host.process?.kill("SIGKILL");
      await host.process?.ended;
      expect(await arrive()).toEqual([true, true]);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await tourniquet("restore");
      expect(await arrive()).toEqual([false, false]);
      await lab.startAgent(host);
      expect((await host.status()).mode).toBe("enforce");
    },
    SLOW_MS,
  );

  it(
    "ends a pause at once by enforce",
    async () => {
      await tourniquet("pause");
      expect(await arrive()).toEqual([true, true]);
      await tourniquet("enforce");
      expect(await arrive()).toEqual([false, false]);
    },
    SLOW_MS,
  );

  it(
    "releases a range when the command returns, whatever is banned later",
    async () => {
      await tourniquet("release", ATTACKER[4], "--for", "1h");
      expect(await arrive()).toEqual([true, false]);
      expect(await tourniquet("release", "--list")).toContain(ATTACKER[4]);
      await order("lifts", ATTACKERS);
      await order("bans", ATTACKERS);
      expect(await arrive()).toEqual([true, false]);
      await until("the guard holds it", async () => {
        const held = await host.ask<readonly BanView[]>("/v1/bans?held");
        return held.some((each) => each.held === "released-here") || undefined;
      });
      await tourniquet("release", ATTACKER[4], "--undo");
      await closed();
    },
    SLOW_MS,
  );

  it(
    "rolls back what the cloud banned, keeps it so, and takes that back",
    async () => {
      expect(await tourniquet("rollback")).toMatch(
        / 2 ranges withheld, 0 put /,
      );
      expect(await arrive()).toEqual([true, true]);
      await order("bans", ATTACKERS);
      expect(await arrive()).toEqual([true, true]);
      await tourniquet("rollback", "--undo");
      expect(await arrive()).toEqual([false, false]);
    },
    SLOW_MS,
  );

  it(
    "puts back what the cloud lifted",
    async () => {
      await order("lifts", ATTACKERS);
      expect(await arrive()).toEqual([true, true]);
      expect(await tourniquet("rollback")).toMatch(
        / 0 ranges withheld, 2 put /,
      );
      expect(await arrive()).toEqual([false, false]);
      expect(await tourniquet("history")).toContain("rollback to ");
      expect(await tourniquet("history", "--orders")).toMatch(/uid \d+ \(pid /);
      await tourniquet("rollback", "--undo");
      expect(await arrive()).toEqual([true, true]);
    },
    SLOW_MS,
  );

  it(
    "tells the cloud of a pause",
    async () => {
      await tourniquet("pause");
      await until("the cloud hears of it", async () => {
        const { items } = await cloud.api<Agents>("GET", "/api/v1/agents");
        const health = items[0]?.report?.health ?? [];
        return health.some(({ code }) => code === "paused") || undefined;
      });
    },
    SLOW_MS,
  );

  const tourniquet = (...args: readonly string[]): Promise<string> =>
    output(host.command(...args));

  /** Whether a connection of the attacker's is accepted, by IPv4 and IPv6. */
  async function arrive(): Promise<readonly boolean[]> {
    const reached: boolean[] = [];
    for (const family of [4, 6] as const) {
      reached.push(await world.attacker.reaches(attempt(family)));
    }
    return reached;
  }

  const opened = (): Promise<unknown> =>
    until("everything arrives", async () =>
      (await arrive()).every((each) => each) ? true : undefined,
    );

  const closed = (): Promise<unknown> =>
    until("nothing arrives", async () =>
      (await arrive()).every((each) => !each) ? true : undefined,
    );

  /** Carried out when it returns. */
  async function order(
    what: "bans" | "lifts",
    ranges: readonly string[],
  ): Promise<void> {
    type Placed = { feed: string; offset: number };
    const path = `/api/v1/${what}`;
    const placed = await cloud.api<Placed>("POST", path, { ranges });
    const query = `feed=${placed.feed}&offset=${placed.offset}`;
    await until("the receipt", async () => {
      type Answer = { items: readonly unknown[] };
      const receiptsAt = `/api/v1/receipts?${query}`;
      const { items } = await cloud.api<Answer>("GET", receiptsAt);
      return items[0];
    });
  }
});

interface Agents {
  readonly items: readonly {
    readonly report: { readonly health: readonly { code: string }[] } | null;
  }[];
}
