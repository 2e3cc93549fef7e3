import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { output, until } from "../../scripts/lab/run.js";
import type { BanView } from "../../service/control/list-views.js";
import { hitsOf } from "../support/agent/hits.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  ATTACKER,
  PacketWorld,
  attackerOf,
  attempt,
} from "../support/kernel/packet-world.js";

const FAMILIES = [4, 6] as const;
const BOTH = FAMILIES.map((family) => ATTACKER[family]);

describeInNamespace("observing, as real processes and packets", () => {
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;
  let world: PacketWorld;
  let kernel: Enforcer;

  beforeAll(async () => {
    world = await PacketWorld.make();
    lab = new Lab();
    cloud = await lab.startCloud({ port: 18_451 });
    host = await lab.startHost(cloud, "host");
    kernel = await openNftables(systemBanClock);
  });

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    await kernel.cleanUp();
    await kernel[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it("lets packets of an observed ban arrive, and counts them as such", async () => {
    const receipt = await order("bans", { ranges: BOTH, observe: true });
    expect(receipt).toMatchObject({ mode: "enforce", banned: 0, observed: 2 });
    expect(await arrive()).toEqual([true, true]);
    const remotes = [...BOTH, formatCidr(attackerOf(6))];
    expect(await observedHits()).toEqual(remotes.sort());
    const bans = await host.ask<readonly BanView[]>("/v1/bans");
    expect(bans.map(({ mode }) => mode)).toEqual(["observe", "observe"]);
    expect(await host.status()).toMatchObject({
      enforcing: true,
      feeds: [{ bans: 0, observed: 2, held: 0 }],
    });
  });

  it("drops them once they are banned again", async () => {
    const receipt = await order("bans", { ranges: BOTH });
    expect(receipt).toMatchObject({ banned: 2, observed: 0 });
    expect(await arrive()).toEqual([false, false]);
  });

  it("drops what one feed observes and another bans, until that is lifted", async () => {
    await order("bans", { ranges: BOTH, feed: "reputation", observe: true });
    expect(await arrive()).toEqual([false, false]);
    await order("lifts", { ranges: BOTH });
    expect(await arrive()).toEqual([true, true]);
    await order("bans", { ranges: BOTH });
    expect(await arrive()).toEqual([false, false]);
  });

  it("opens the whole host by tourniquet observe, and tells everybody", async () => {
    expect(await tourniquet("observe")).toMatch(/^OBSERVING: /);
    expect(await arrive()).toEqual([true, true]);
    expect(await tourniquet("status")).toMatch(/^OBSERVING, nothing is /);
    await receiptSays("observe");
    await until("the cloud hears of the condition", async () => {
      const { items } = await cloud.api<Agents>("GET", "/api/v1/agents");
      const health = items[0]?.report?.health ?? [];
      return health.some(({ code }) => code === "observing") || undefined;
    });
  });

  it("observes what comes meanwhile, and says so in the receipt", async () => {
    const receipt = await order("bans", { ranges: ["192.0.2.1"] });
    expect(receipt).toMatchObject({ mode: "observe", banned: 1, observed: 0 });
  });

  it("goes on observing after the agent was killed, and started again", async () => {
    host.process?.kill("SIGKILL");
    await host.process?.ended;
    expect(await arrive()).toEqual([true, true]);
    await lab.startAgent(host);
    expect(await arrive()).toEqual([true, true]);
    expect((await host.status()).mode).toBe("observe");
  });

  it("goes on observing after a restore into an empty kernel", async () => {
    host.process?.kill("SIGTERM");
    await host.process?.ended;
    await tourniquet("clean-up");
    await tourniquet("restore");
    expect(await kernel.read()).toMatchObject({ posture: { mode: "observe" } });
    expect(await arrive()).toEqual([true, true]);
    await lab.startAgent(host);
    expect(await arrive()).toEqual([true, true]);
  });

  it("goes on observing although the ledger was damaged", async () => {
    host.process?.kill("SIGKILL");
    await host.process?.ended;
    const ledger = join(host.folder, "state", "ledger.db");
    writeFileSync(ledger, Buffer.alloc(65_536));
    await lab.startAgent(host);
    expect((await host.status()).mode).toBe("observe");
    expect(await arrive()).toEqual([true, true]);
    await until("the ledger has caught up", async () => {
      const { feeds, cloud: link } = await host.status();
      return (link.caughtUp && feeds.length === 2) || undefined;
    });
  });

  it("closes the host again by tourniquet enforce", async () => {
    expect(await tourniquet("enforce")).toMatch(/^enforcing: /);
    expect(await arrive()).toEqual([false, false]);
    expect(await tourniquet("status")).toMatch(/^enforcing \d+ ban/);
    await receiptSays("enforce");
  });

  const tourniquet = (...args: readonly string[]): Promise<string> =>
    output(host.command(...args));

  /** Whether a connection of the attacker's is accepted, by IPv4 and IPv6. */
  async function arrive(): Promise<readonly boolean[]> {
    const reached: boolean[] = [];
    for (const family of FAMILIES) {
      reached.push(await world.attacker.reaches(attempt(family)));
    }
    return reached;
  }

  async function observedHits(): Promise<readonly string[]> {
    const hits = (await hitsOf(kernel)).filter(({ observed }) => observed);
    return [...new Set(hits.map(({ remote }) => formatCidr(remote)))].sort();
  }

  /** Carries the order out everywhere and returns the host's receipt. */
  async function order(
    what: "bans" | "lifts",
    body: Readonly<Record<string, unknown>>,
  ): Promise<Receipt> {
    const path = `/api/v1/${what}`;
    type Placed = { feed: string; offset: number };
    const { feed, offset } = await cloud.api<Placed>("POST", path, body);
    const query = `feed=${feed}&offset=${offset}`;
    return until("the receipt", async () => (await receipts(query))[0]);
  }

  async function receiptSays(mode: Receipt["mode"]): Promise<void> {
    await until(`the receipts say ${mode}`, async () => {
      const said = new Map(
        (await receipts("")).map((each) => [each.position.feed, each.mode]),
      );
      return [...said.values()].every((each) => each === mode) || undefined;
    });
  }

  async function receipts(query: string): Promise<readonly Receipt[]> {
    type Answer = { items: readonly { receipt: Receipt }[] };
    const path = `/api/v1/receipts?${query}`;
    const found = await cloud.api<Answer>("GET", path);
    return found.items.map(({ receipt }) => receipt);
  }
});

interface Agents {
  readonly items: readonly {
    readonly report: { readonly health: readonly { code: string }[] } | null;
  }[];
}
