import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import { Disk } from "../../../cloud/disk/disk.js";
import { Reserve } from "../../../cloud/disk/reserve.js";
import { isDiskTrouble, mayPass, NoRoom } from "../../../cloud/disk/room.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { ManualClock } from "../../support/time/clock.js";

const MIB = 1024 * 1024;

describe("a reserve", () => {
  it("is written in full, given up piece by piece, and filled again", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "reserve");
    using reserve = new Reserve(path, 4 * MIB);
    reserve.fill(MIB);
    expect(reserve.left).toBe(MIB);
    reserve.fill(100 * MIB);
    const { size, blocks } = statSync(path);
    expect([reserve.left, size]).toEqual([4 * MIB, 4 * MIB]);
    expect(blocks * 512).toBeGreaterThanOrEqual(4 * MIB);
    let pieces = 0;
    while (reserve.release()) pieces += 1;
    expect(pieces).toBe(16);
    expect(statSync(path).size).toBe(0);
    reserve.fill(100 * MIB);
    expect(statSync(path).size).toBe(4 * MIB);
  });

  it("is what it was when the cloud starts again, or less where less is wanted", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "reserve");
    {
      using reserve = new Reserve(path, 4 * MIB);
      reserve.fill(4 * MIB);
      reserve.release();
    }
    using again = new Reserve(path, 4 * MIB);
    expect(again.left).toBe(4 * MIB - MIB / 4);
    using smaller = new Reserve(path, MIB);
    expect(smaller.left).toBe(MIB);
  });
});

describe("a disk", () => {
  it("with room takes everything, and keeps a whole reserve", () => {
    using folder = temporaryFolder();
    const ports = { clock: new ManualClock(), log: silentLogger };
    const settings = { telemetryMiB: 1, answersMiB: 1, reserveMiB: 1 };
    using disk = new Disk(folder.path, settings, ports);
    for (const worth of ["telemetry", "answers", "orders"] as const) {
      expect(disk.admits(worth)).toBe(true);
    }
    expect(disk.report()).toMatchObject({
      ...{ state: "roomy", reserveBytes: MIB, reserveLeftBytes: MIB },
      telemetryFloorBytes: MIB,
    });
  });
});

describe("a failure", () => {
  const failure = (code: string) => Object.assign(new Error("x"), { code });

  it.each([
    ["SQLITE_FULL", true, true],
    ["SQLITE_IOERR_WRITE", true, true],
    ["SQLITE_IOERR_SHMSIZE", true, true],
    ["SQLITE_CANTOPEN", true, true],
    ["ENOSPC", true, true],
    ["EDQUOT", true, true],
    ["SQLITE_BUSY", false, true],
    ["SQLITE_CORRUPT", false, false],
    ["SQLITE_NOTADB", false, false],
    ["SQLITE_CONSTRAINT_PRIMARYKEY", false, false],
  ])("%s is of the disk: %s, and may pass: %s", (code, disk, passes) => {
    expect(isDiskTrouble(failure(code))).toBe(disk);
    expect(mayPass(failure(code))).toBe(passes);
  });

  it("for want of room says what to do", () => {
    expect(new NoRoom("/srv/cloud").message).toBe(
      "the disk that holds /srv/cloud is full, and nothing was recorded; make room there and ask again",
    );
    const cause = failure("SQLITE_IOERR_WRITE");
    expect(new NoRoom("/srv/cloud", { cause }).message).toContain(
      "cannot be written to (SQLITE_IOERR_WRITE)",
    );
  });
});
