import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock, unixSeconds } from "../../agent/clock.js";
import { parseConfig } from "../../agent/config/config.js";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { restore } from "../../service/commands/restore.js";
import { sh } from "../../scripts/lab/namespace.js";
import { ban, LedgerFolder, recordNext } from "../support/ledger.js";
import { describeInNamespace } from "../support/namespace.js";

describeInNamespace("tourniquet restore, in the real kernel", () => {
  let kernel: Enforcer;

  beforeAll(async () => {
    kernel = await openNftables(systemClock);
  });
  afterEach(() => kernel.cleanUp());
  afterAll(() => kernel[Symbol.asyncDispose]());

  const holds = async (...ranges: string[]) => {
    await kernel.read();
    return kernel.holds(ranges.map(parseCidr));
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
});

function ledgerWith(...ranges: string[]): LedgerFolder {
  const files = new LedgerFolder();
  const bans = ranges.map((range) => ban(range, 1_000_000_000));
  recordNext(files.open(), "urgent", bans);
  files.close();
  return files;
}

const configOf = (files: LedgerFolder) =>
  parseConfig({ stateDir: files.folder }, "test");
