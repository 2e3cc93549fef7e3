import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { LedgerFull } from "../../agent/ledger/damage.js";
import { Ledger } from "../../agent/ledger/ledger.js";
import { openLedgerInAnyCase } from "../../agent/ledger/quarantine.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { output } from "../../scripts/lab/run.js";
import {
  adoptNext,
  ban,
  lift,
  NOW,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

describeInNamespace("a ledger on a disk of 7 MB", () => {
  let folder: TestFolder;
  let disk: string;
  let path: string;

  beforeEach(async () => {
    folder = new TestFolder();
    disk = join(folder.path, "state");
    path = join(disk, "ledger.db");
    mkdirSync(disk);
    await output(["mount", "-t", "tmpfs", "-o", "size=7m", "tmpfs", disk]);
  });
  afterEach(async () => {
    await output(["umount", disk]);
    folder[Symbol.dispose]();
  });

  /** Another's, that takes all there is. */
  const fill = () => {
    const file = openSync(join(disk, "fill"), "w");
    const page = Buffer.alloc(4_096, 1);
    try {
      for (;;) writeSync(file, page);
    } catch {
      closeSync(file);
    }
  };

  it("takes lifts, orders and urgent bans when it is full, and lists when it is not", () => {
    using ledger = Ledger.open(path);
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    expect(ledger.look()).toBe("ok");
    fill();
    expect(ledger.look()).toBe("reserve");
    for (let i = 0; i < 300; i++) {
      recordNext(ledger, "urgent", [ban(`198.18.${i >> 8}.${i & 255}`)]);
      recordNext(ledger, "urgent", [lift(`198.18.${i >> 8}.${i & 255}`)]);
      ledger.overrides.note({ at: NOW, who: "root", what: `order ${i}` });
    }
    expect(() => recordNext(ledger, "reputation", [ban("192.0.2.3")])).toThrow(
      LedgerFull,
    );
    expect(() => adoptNext(ledger, "reputation", [ban("192.0.2.3")])).toThrow(
      LedgerFull,
    );
    ledger.setMode("observe");
    expect(ledger.storage()).toMatchObject({
      state: "reserve",
      untilRestart: [],
    });
    rmSync(join(disk, "fill"));
    recordNext(ledger, "reputation", [ban("192.0.2.3")]);
    expect(ledger.storage().state).toBe("ok");
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600", "192.0.2.3 3600"]);
  });

  it("goes on to its last page, loses nothing, and writes down later what was said then", () => {
    {
      using ledger = Ledger.open(path);
      recordNext(ledger, "urgent", [ban("192.0.2.1")]);
      ledger.look();
      fill();
      let taken = 0;
      const many = (n: number) =>
        Array.from({ length: 64 }, (_, i) => ban(`198.18.${n & 255}.${i}`));
      expect(() => {
        for (; taken < 250; taken++) recordNext(ledger, "urgent", many(taken));
      }).toThrow(LedgerFull);
      expect(taken).toBeGreaterThan(10);
      expect(rulesetOf(ledger)).toHaveLength(taken * 64 + 1);
      let orders = 0;
      for (; ledger.storage().untilRestart.length === 0; orders++) {
        const cidr = parseCidr(`203.0.113.${orders & 255}`);
        const reason = `order ${orders} `.repeat(16);
        const release = { cidr, since: NOW, until: NOW + 60, reason };
        ledger.overrides.note({
          at: NOW,
          who: "root",
          what: "w".repeat(4_000),
        });
        ledger.overrides.release(release);
        if (orders > 2_000) throw new Error("the disk has no end");
      }
      expect(orders).toBeGreaterThan(20);
      expect(ledger.storage().state).toBe("full");
      ledger.overrides.pause(NOW + 60);
      expect(ledger.mode()).toBe("observe");
      rmSync(join(disk, "fill"));
      expect(ledger.look()).toBe("ok");
      expect(ledger.storage().untilRestart).toEqual([]);
    }
    using again = Ledger.open(path);
    expect(again.mode()).toBe("observe");
    expect(again.overrides.pausedUntil()).toBe(NOW + 60);
  });

  it("that can only be read is stood in for: its bans are in force, and orders are", async () => {
    const memory = join(folder.path, "memory");
    {
      using ledger = Ledger.open(path);
      recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    }
    await output(["mount", "-o", "remount,ro", disk]);
    const { ledger } = openLedgerInAnyCase(path, systemClock, { memory });
    using _ledger = ledger;
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
    expect(() => recordNext(ledger, "urgent", [ban("192.0.2.2")])).toThrow(
      LedgerFull,
    );
    expect(ledger.storage()).toMatchObject({ state: "full", isStandIn: true });
    ledger.setMode("observe");
    expect(ledger.mode()).toBe("observe");
    expect(ledger.storage().untilRestart).toEqual(["observe"]);
  });
});
