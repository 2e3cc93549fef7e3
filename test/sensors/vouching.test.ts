import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import { SensorWorld } from "../support/agent/sensor-world.js";
import { until } from "../support/time/clock.js";

describe("a log that anybody may write to", () => {
  let world: SensorWorld;

  beforeEach(async () => {
    world = new SensorWorld();
    await world.open();
  });
  afterEach(() => world.close());

  it("bans nobody who never connected, whatever process it names", async () => {
    await world.start();
    const pid = process.pid; // a true one, and root's where root runs this
    for (let i = 1; i <= 5; i++) {
      world.say(
        `sshd[${pid}]: Failed password for x from 198.51.100.4 port ${i} ssh2`,
      );
      world.say(
        `sshd[1]: Failed password for x from 198.51.100.5 port ${i} ssh2`,
      );
    }
    await until("it is not confirmed", () => world.view().unconfirmed > 0);
    await until("nor the other", () => world.view().failures >= 6);
    expect(world.banned).toEqual([]);
    expect(world.told.some((it) => it.endsWith(` ${world.path}`))).toBe(true);
    expect(world.sensor.findings().unconfirmed).toContain(`port ${world.port}`);
    expect(world.view().trust).toBe("kernel");
  });

  it("bans who did, by connections that are over", async () => {
    await world.start();
    await world.knock("127.0.0.9");
    world.fail("127.0.0.8");
    world.fail("127.0.0.9");
    await until("a ban", () => world.banned.length > 0);
    await until("a doubt", () => world.view().unconfirmed > 0);
    expect(world.banned).toEqual(["127.0.0.9"]);
  });

  it("bans who connects while it is being judged, and no later", async () => {
    await world.start();
    world.fail("127.0.0.9");
    await world.knock("127.0.0.9");
    await until("a ban", () => world.banned.length > 0);
    world.fail("127.0.0.8");
    await until("a doubt", () => world.view().unconfirmed > 0);
    await world.knock("127.0.0.8");
    await systemClock.sleep(150);
    expect(world.banned).toEqual(["127.0.0.9"]);
  });

  it("does not believe a connection to any other port", async () => {
    await world.start({
      source: { file: world.path },
      ports: [world.port === 22 ? 23 : 22],
    });
    await world.knock("127.0.0.9");
    world.fail("127.0.0.9");
    await until("a doubt", () => world.view().unconfirmed > 0);
    expect(world.banned).toEqual([]);
  });

  it("needs nobody's word where only sshd can write", async () => {
    await world.startAlone();
    world.fail("198.51.100.4");
    await until("a ban", () => world.banned.length > 0);
    expect(world.view().trust).toBe("writer");
  });

  it("does not read the slower for all that is forged", async () => {
    await world.start();
    for (let i = 0; i < 100; i++) world.fail(`198.51.100.${i}`);
    await world.knock("127.0.0.9");
    world.fail("127.0.0.9");
    await until("a ban", () => world.banned.length > 0);
    await until("all doubts", () => world.view().unconfirmed === 100);
    expect(world.told.filter((it) => /^\d/.test(it)).length).toBeLessThan(5);
  });

  describe("beside a journal", () => {
    beforeEach(() => mkdirSync(join(world.folder, "journal")));

    /** What stands in for journalctl: it follows a file of entries. */
    function journalctl(): void {
      writeFileSync(join(world.folder, "entries"), "");
      const script =
        `case "$*" in *--lines=1\\ *) exit;; esac\n` +
        `exec tail -n 0 -F ${world.folder}/entries 2>/dev/null`;
      writeFileSync(join(world.folder, "journalctl"), `#!/bin/sh\n${script}\n`);
      chmodSync(join(world.folder, "journalctl"), 0o755);
    }

    function enter(MESSAGE: string): void {
      const entry = { MESSAGE, SYSLOG_IDENTIFIER: "sshd", _PID: "9" };
      const at = String(Date.now() * 1_000);
      const dated = { ...entry, __REALTIME_TIMESTAMP: at };
      appendFileSync(
        join(world.folder, "entries"),
        `${JSON.stringify(dated)}\n`,
      );
    }

    it("counts where the journal gets nothing", async () => {
      journalctl();
      await world.start({});
      await world.knock("127.0.0.9");
      world.fail("127.0.0.9");
      await until("a ban", () => world.banned.length > 0);
      expect(world.banned).toEqual(["127.0.0.9"]);
      expect(world.sensor.view().map(({ kind }) => kind)).toEqual([
        "journal",
        "file",
      ]);
    });

    it("counts where there is no journalctl", async () => {
      await world.start({});
      await world.knock("127.0.0.9");
      world.fail("127.0.0.9");
      await until("a ban", () => world.banned.length > 0);
      expect(world.told.some((it) => it === "lost the journal")).toBe(true);
    });

    it("leaves it to the journal where that gets lines", async () => {
      journalctl();
      await world.start({});
      await until("both are read", () => world.told.length >= 2);
      await systemClock.sleep(200);
      await world.knock("127.0.0.9");
      enter("Connection closed by 127.0.0.9 port 1 [preauth]");
      await until("the journal is heard", () => world.view().ofService === 1);
      world.fail("127.0.0.9");
      await until(
        "the file is read",
        () => world.sensor.view()[1]!.failures === 5,
      );
      await systemClock.sleep(200);
      expect([world.banned, world.sensor.view()[1]!.unconfirmed]).toEqual([
        [],
        0,
      ]);
    });
  });
});
