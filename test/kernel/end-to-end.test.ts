import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { scattered } from "../../scripts/bench/lists.js";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { sh } from "../../scripts/lab/namespace.js";
import { output, until } from "../../scripts/lab/run.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

describeInNamespace("a cloud and a host, as real processes", () => {
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;
  let kernel: Enforcer;

  beforeAll(async () => {
    lab = new Lab();
    cloud = await lab.startCloud({ port: 18_450 });
    host = await lab.startHost(cloud, "host");
    kernel = await openNftables(systemBanClock);
  });

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    await kernel.cleanUp();
    await kernel[Symbol.asyncDispose]();
  });

  it("puts a ban into the kernel and answers with a receipt", async () => {
    const receipt = await ban("192.0.2.7", "2001:db8:bad::/48");
    expect(receipt).toMatchObject({ banned: 2, heldTotal: 0, lifted: 0 });
    expect(await holds("192.0.2.7", "2001:db8:bad::/48")).toEqual([true, true]);
  });

  it("holds a ban on this host, and says so in the receipt", async () => {
    const receipt = await ban("127.0.0.0/16", "192.0.2.8");
    expect(receipt.held).toEqual([
      { range: "127.0.0.0/16", rule: "this-host" },
    ]);
    expect(await holds("127.0.0.0/16", "192.0.2.8")).toEqual([false, true]);
  });

  it("lifts in one feed without uncovering another's ban", async () => {
    await ban("192.0.2.9");
    await order("bans", { range: "192.0.2.9", feed: "reputation" });
    await order("lifts", { range: "192.0.2.9" });
    expect(await holds("192.0.2.9")).toEqual([true]);
    await order("lifts", { range: "192.0.2.9", feed: "reputation" });
    expect(await holds("192.0.2.9")).toEqual([false]);
  });

  it("builds everything again after somebody deleted the table", async () => {
    await sh("nft delete table inet tourniquet");
    await ban("192.0.2.10");
    expect(await holds("192.0.2.7", "192.0.2.10")).toEqual([true, true]);
  });

  it.each([
    ["a few", 3],
    ["a few thousand", 3_000],
    ["very many", 30_000],
  ])(
    "catches up with %s decisions made while it was away",
    async (_, count) => {
      await stop("SIGTERM");
      expect(await holds("192.0.2.7")).toEqual([true]);
      const list = scattered(count).cidrs.map(formatCidr);
      await cloud.api("POST", "/api/v1/imports?for=1h", list.join("\n"));
      await lab.startAgent(host);
      await levelWithCloud();
      const sample = [list[0]!, list[count >> 1]!, list[count - 1]!];
      expect(await holds(...sample)).toEqual([true, true, true]);
    },
    30_000,
  );

  it("changes nothing in the kernel while the cloud is down, and comes back", async () => {
    cloud.process?.kill("SIGKILL");
    await cloud.process?.ended;
    await until("it notices", async () =>
      (await host.status()).cloud.at === "down" ? true : undefined,
    );
    expect(await holds("192.0.2.7", "192.0.2.10")).toEqual([true, true]);
    await lab.serve(cloud);
    await until("it is back", async () =>
      (await host.status()).cloud.at === "up" ? true : undefined,
    );
    await ban("192.0.2.11");
    expect(await holds("192.0.2.11")).toEqual([true]);
  });

  it("puts a corrupt ledger aside, and never opens the host meanwhile", async () => {
    await stop("SIGKILL");
    cloud.process?.kill("SIGTERM");
    await cloud.process?.ended;
    const state = join(host.folder, "state");
    writeFileSync(join(state, "ledger.db"), Buffer.alloc(65_536));

    await lab.startAgent(host);
    expect(readdirSync(join(state, "quarantine"))).toHaveLength(1);
    expect(await holds("192.0.2.7", "192.0.2.11")).toEqual([true, true]);

    await lab.serve(cloud);
    await levelWithCloud();
    expect((await host.status()).enforcing).toBe(true);
    expect(await holds("192.0.2.7", "192.0.2.11")).toEqual([true, true]);
  });

  it("refuses to run twice on one host, in one line", async () => {
    const again = output(["service/tourniquet", "-c", host.config, "run"]);
    await expect(again).rejects.toThrow(/held by another process/);
  });

  it("says everything it did in its log, one line each", () => {
    const lines = readFileSync(host.log, "utf8").trim().split("\n");
    const strange = lines.filter((line) => !/^\d{4}-\d\d-\d\dT/.test(line));
    expect(strange).toEqual([]);
  });

  it("takes everything out of the kernel on clean-up", async () => {
    await stop("SIGTERM");
    await output(["service/tourniquet", "-c", host.config, "clean-up"]);
    expect(await kernel.read()).toEqual({ at: "absent" });
    await lab.startAgent(host);
    expect(await holds("192.0.2.7")).toEqual([true]);
  });

  async function ban(...ranges: string[]): Promise<Receipt> {
    return order("bans", { ranges, for: "1h", reason: "test" });
  }

  /** Carries the order out everywhere and returns the host's receipt. */
  async function order(
    what: "bans" | "lifts",
    body: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<Receipt> {
    const { offset } = await cloud.api<{ offset: number }>(
      "POST",
      `/api/v1/${what}`,
      body,
    );
    const query = `feed=${String(body["feed"] ?? "urgent")}&offset=${offset}`;
    return until("the receipt", async () => {
      const path = `/api/v1/receipts?${query}`;
      const found = await cloud.api<{ items: { receipt: Receipt }[] }>(
        "GET",
        path,
      );
      return found.items[0]?.receipt;
    });
  }

  async function holds(...ranges: string[]): Promise<readonly boolean[]> {
    await kernel.read();
    return kernel.hasBan(ranges.map(parseCidr));
  }

  async function stop(signal: NodeJS.Signals): Promise<void> {
    host.process?.kill(signal);
    await host.process?.ended;
  }

  async function levelWithCloud(): Promise<void> {
    const { items } = await cloud.api<{
      items: { feed: string; offset: number }[];
    }>("GET", "/api/v1/feeds");
    await until("the host stands where the cloud does", async () => {
      const status = await host.status();
      const level = items
        .filter(({ offset }) => offset > 0)
        .every(({ feed, offset }) =>
          status.feeds.some((at) => at.feed === feed && at.offset === offset),
        );
      return level && status.enforcing ? true : undefined;
    });
  }
});
