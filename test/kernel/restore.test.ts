import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { systemClock } from "../../agent/clock.js";
import { parseConfig } from "../../agent/config/config.js";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { restore } from "../../service/commands/restore.js";
import { LedgerFolder, NOW, recordNext } from "../support/ledger.js";
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
});

function ledgerWith(...ranges: string[]): LedgerFolder {
  const files = new LedgerFolder();
  const bans = ranges.map((range) => ({
    op: "ban" as const,
    cidr: parseCidr(range),
    expiresAt: NOW + 1_000_000_000,
    reason: "test",
    observed: false,
  }));
  recordNext(files.open(), "urgent", bans);
  files.close();
  return files;
}

const configOf = (files: LedgerFolder) =>
  parseConfig({ stateDir: files.folder }, "test");
