import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import {
  parseCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import type { ReviewedBanOp } from "../../agent/model/reviewed.js";
import {
  systemBanClock,
  systemClock,
  unixSeconds,
} from "../../agent/runtime/clock.js";
import { sh } from "../../scripts/lab/namespace.js";
import { restore } from "../../service/cli/restoring.js";
import {
  LedgerFolder,
  adoptNext,
  ban,
  recordNext,
} from "../support/agent/ledger.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

describeInNamespace("tourniquet restore, in the real kernel", () => {
  let kernel: Enforcer;

  beforeAll(async () => {
    kernel = await openNftables(systemBanClock);
  });
  afterEach(() => kernel.cleanUp());
  afterAll(() => kernel[Symbol.asyncDispose]());

  const holds = async (...ranges: string[]) => {
    await kernel.read();
    return kernel.hasBan(ranges.map(parseCidr));
  };

  it("makes an empty kernel hold what the ledger says, with its label", async () => {
    using files = ledgerWith("192.0.2.7", "2001:db8:bad::/48");
    await restore(configOf(files));
    expect(await holds("192.0.2.7", "2001:db8:bad::/48")).toEqual([true, true]);
    expect(await kernel.read()).toMatchObject({ at: "present", revision: 1 });
  });

  it("does nothing the second time", async () => {
    using files = ledgerWith("192.0.2.7");
    await restore(configOf(files));
    const before = await kernel.read();
    await restore(configOf(files));
    expect(await kernel.read()).toEqual(before);
  });

  it("keeps the bans of a ledger that is not its own", async () => {
    using files = ledgerWith("192.0.2.7");
    await restore(configOf(files));
    using others = ledgerWith("192.0.2.8");
    expect(await restore(configOf(others))).toMatch(/keeps an earlier ledger/);
    expect(await holds("192.0.2.7", "192.0.2.8")).toEqual([true, false]);
  });

  it("tells the kernel anew how long bans last when the host has slept since", async () => {
    using files = new LedgerFolder();
    const now = unixSeconds(Date.now());
    const soon = [{ ...ban("192.0.2.7"), expiresAt: now + 1_800 }];
    const later = [{ ...ban("192.0.2.8"), expiresAt: now + 7_200 }];
    recordNext(files.open(), "urgent", [...soon, ...later], now);
    files.close();
    await restore(configOf(files));
    expect(await holds("192.0.2.7", "192.0.2.8")).toEqual([true, true]);

    // A clock of the boot that is an hour on, beside one of being awake that is not.
    const config = join(files.folder, "config.yaml");
    writeFileSync(config, `stateDir: ${files.folder}\n`);
    const main = fileURLToPath(
      new URL("../../service/main.js", import.meta.url),
    );
    await sh(
      `unshare --time --boottime 3600 -- ${process.execPath} ${main} -c ${config} restore`,
    );
    expect(await holds("192.0.2.7", "192.0.2.8")).toEqual([false, true]);
    const listed = await sh("nft list set inet tourniquet ban4_32_b");
    expect(listed).toMatch(/192\.0\.2\.8 timeout \S+ expires 59m/);
  });

  it("takes in bans of every length, family and feed, the longest of each", async () => {
    using files = new LedgerFolder();
    const ledger = files.open();
    const start = unixSeconds(systemClock.now());
    const lasting = (range: Cidr, seconds: number): ReviewedBanOp => ({
      ...ban("192.0.2.1"),
      ...{ cidr: range, expiresAt: start + seconds },
    });
    const ranges = everyLength(7_000);
    adoptNext(
      ledger,
      "reputation",
      ranges.map((range) => lasting(range, 60 * DAY)),
      start,
    );
    recordNext(
      ledger,
      "urgent",
      [
        lasting(parseCidr("1.0.0.1"), 30 * DAY),
        lasting(parseCidr("1.0.0.2"), 90 * DAY),
        lasting(parseCidr("9.9.9.9"), 30 * DAY),
      ],
      start,
    );
    files.close();
    await restore(configOf(files));
    await kernel.read();
    const held = await kernel.hasBan([...ranges, parseCidr("9.9.9.9")]);
    expect(held.filter((holds) => !holds)).toEqual([]);
    expect(await daysLeft("1.0.0.1")).toBe(59);
    expect(await daysLeft("1.0.0.2")).toBe(89);
    expect(await kernel.hasBan([parseCidr("8.8.8.8")])).toEqual([false]);
  });

  it("leaves bans that outlive the process, and expire with nobody's help", async () => {
    using files = ledgerWith("192.0.2.7");
    const cidr = parseCidr("192.0.2.8");
    const start = unixSeconds(systemClock.now());
    const expiresAt = start + 4;
    recordNext(
      files.open(),
      "local",
      [{ ...ban("192.0.2.8"), cidr, expiresAt }],
      start,
    );
    files.close();
    const config = join(files.folder, "config.yaml");
    writeFileSync(config, `stateDir: ${files.folder}\n`);
    expect(await sh(`${TOURNIQUET} --config ${config} restore`)).toBe(
      "the kernel holds the ledger's revision 2\n",
    );
    expect(await holds("192.0.2.7", "192.0.2.8")).toEqual([true, true]);
    await systemClock.sleep(expiresAt * 1_000 - systemClock.now() + 100);
    expect(await holds("192.0.2.7", "192.0.2.8")).toEqual([true, false]);
  });
});

const DAY = 86_400;

const TOURNIQUET = fileURLToPath(
  new URL("../../../service/tourniquet", import.meta.url),
);

/** So many distinct ranges of all lengths, more than a slice takes. */
function everyLength(count: number): Cidr[] {
  const single = (i: number) => parseCidr(`1.0.${i >> 8}.${i & 255}`);
  const singles = Array.from({ length: count }, (_, i) => single(i));
  const wide = (text: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) =>
      parseListedCidr(`${text}/${from + i}`),
    );
  return [
    ...singles,
    ...wide("203.255.255.255", 1, 32),
    ...wide("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 3, 128),
  ];
}

/** How many whole days a single address stays in the kernel. */
async function daysLeft(address: string): Promise<number> {
  const said = await sh(
    `nft get element inet tourniquet ban4_32_a '{ ${address} }'`,
  );
  return Number(/expires (\d+)d/.exec(said)?.[1]);
}

function ledgerWith(...ranges: string[]): LedgerFolder {
  const files = new LedgerFolder();
  const bans = ranges.map((range) => ban(range, 1_000_000_000));
  recordNext(files.open(), "urgent", bans);
  files.close();
  return files;
}

const configOf = (files: LedgerFolder) =>
  parseConfig({ stateDir: files.folder }, "test");
