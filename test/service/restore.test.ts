import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { restore } from "../../service/cli/restoring.js";
import { LedgerFolder, NOW, recordNext } from "../support/agent/ledger.js";

const ban = (range: string) => ({
  op: "ban" as const,
  cidr: parseCidr(range),
  expiresAt: NOW + 1_000_000_000,
  reason: "test",
  observed: false,
});

const configOf = (files: LedgerFolder) =>
  parseConfig(
    { stateDir: files.folder, enforce: { backend: "dry-run" } },
    "test",
  );

/** What the kernel makes of it is in test/kernel/restore.test.ts. */
describe("tourniquet restore", () => {
  it("has nothing to do where there is no ledger, and makes none", async () => {
    using files = new LedgerFolder();
    expect(await restore(configOf(files))).toMatch(/there is no ledger yet/);
    expect(existsSync(files.path)).toBe(false);
  });

  it("puts the ledger's revision into the enforcer, without an identity", async () => {
    using files = new LedgerFolder();
    recordNext(files.open(), "urgent", [ban("192.0.2.7")]);
    files.close();
    expect(await restore(configOf(files))).toBe(
      "the kernel holds the ledger's revision 1",
    );
  });

  it("leaves it to the daemon that holds the ledger", async () => {
    using files = new LedgerFolder();
    recordNext(files.open(), "urgent", [ban("192.0.2.7")]);
    expect(await restore(configOf(files))).toMatch(/the agent runs/);
  });

  it("mends no damaged ledger: that is the daemon's", async () => {
    using files = new LedgerFolder();
    writeFileSync(files.path, Buffer.alloc(65_536), { mode: 0o600 });
    await expect(restore(configOf(files))).rejects.toThrow(/ledger .* is/);
    expect(existsSync(files.path)).toBe(true);
  });
});
