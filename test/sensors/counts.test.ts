import { once } from "node:events";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import { failed, SensorWorld, stamp } from "../support/agent/sensor-world.js";
import { until } from "../support/time/clock.js";

describe("a sensor", () => {
  let world: SensorWorld;

  beforeEach(async () => {
    world = new SensorWorld();
    await world.open();
  });
  afterEach(() => world.close());

  describe("and its numbers", () => {
    beforeEach(() => world.startAlone());

    it("count lines, those of sshd, and those that are understood", async () => {
      world.say(
        failed("198.51.100.4", 1),
        "sshd[2]: Server listening on :: port 22.",
      );
      world.say("sshd[3]: <!> what is this", "cron[4]: sshd: nothing");
      appendFileSync(world.path, "§ sshd ~ Failed password\n");
      await until("all lines", () => world.view().lines === 5);
      expect(world.view()).toMatchObject({
        ofService: 4,
        understood: 2,
        failures: 1,
      });
      expect(Date.now() - (world.view().newest ?? 0)).toBeLessThan(60_000);
    });

    it("tell of a source of which nothing is understood for long", async () => {
      const strange = () =>
        appendFileSync(world.path, "§ sshd ~ Failed password\n".repeat(25));
      strange();
      await until("they are read", () => world.view().lines === 25);
      expect(world.sensor.findings().blind).toBeUndefined();
      world.aheadMs += 601_000;
      expect(world.sensor.findings().blind).toContain("25 lines of sshd");
      world.say(failed("198.51.100.4", 1));
      await until("it is understood", () => world.view().understood === 1);
      expect(world.sensor.findings().blind).toBeUndefined();
    });

    it("tell of dates that are always too old", async () => {
      const date = stamp(86_400_000 + 400_000);
      for (let pid = 0; pid < 25; pid++) {
        appendFileSync(
          world.path,
          `${date} web1 ${failed("198.51.100.4", pid % 10)}\n`,
        );
      }
      await until("they are read", () => world.view().old === 25);
      world.aheadMs += 601_000;
      expect(world.sensor.findings().blind).toContain("dates too old");
      expect(world.banned).toEqual([]);
    });

    it("tell of connections that leave no line", async () => {
      const host = "127.0.0.1";
      const open = Array.from({ length: 12 }, () =>
        connect({ port: world.port, host }),
      );
      await Promise.all(open.map((it) => once(it, "connect")));
      await until("it has looked", async () => {
        world.aheadMs += 601_000;
        await systemClock.sleep(320);
        return world.sensor.findings().blind !== undefined;
      });
      expect(world.sensor.findings().blind).toContain(
        `port ${world.port} left no line`,
      );
      world.say(failed("198.51.100.4", 1));
      await until(
        "it is heard",
        () => world.sensor.findings().blind === undefined,
      );
      for (const it of open) it.destroy();
    });

    it("are quiet on a quiet host", async () => {
      world.say("sshd[2]: Server listening on :: port 22.", "cron[4]: hello");
      await until("they are read", () => world.view().lines === 2);
      world.aheadMs += 86_400_000;
      await systemClock.sleep(350);
      expect(world.sensor.findings()).toEqual({});
    });

    it("tell of a log that went away before it came", async () => {
      await world.stop();
      rmSync(world.path);
      world.told.length = 0;
      await world.startAlone();
      await until("it is missed", () =>
        world.told.includes(`lost ${world.path}`),
      );
      expect(world.sensor.findings().unreadable).toContain("ENOENT");
      writeFileSync(world.path, "");
      await until(
        "it came",
        () => world.sensor.findings().unreadable === undefined,
      );
    });
  });

  describe("and what it repeats", () => {
    beforeEach(async () => {
      await world.start();
      await world.knock("127.0.0.9");
    });

    const inner = (pid: number) =>
      `Failed password for x from 127.0.0.9 port 4000${pid} ssh2`;

    it("counts as often as it was said", async () => {
      world.say(`sshd[1]: ${inner(1)}`);
      world.say(`sshd[1]: message repeated 2 times: [ ${inner(1)}]`);
      world.say(`sshd[2]: ${inner(2)}`);
      await until("four", () => world.view().failures === 4);
      expect(world.banned).toEqual([]);
      world.say(`sshd[2]: message repeated 2 times: [ ${inner(2)}]`);
      await until("a ban", () => world.banned.length > 0);
    });

    it("counts as often in the words of BSD", async () => {
      world.say(`sshd[1]: ${inner(1)}`, "last message repeated 2 times");
      world.say(
        `sshd[2]: ${inner(2)}`,
        "sshd[2]: last message repeated 1 time",
      );
      await until("a ban", () => world.banned.length > 0);
    });

    it("is not what another program said before", async () => {
      world.say(
        `sshd[1]: ${inner(1)}`,
        "cron[9]: x",
        "last message repeated 9 times",
      );
      world.say("last message repeated 9 times", `sshd[1]: ${inner(1)}`);
      await until("all are read", () => world.view().lines === 5);
      expect([world.view().failures, world.banned]).toEqual([2, []]);
    });

    it("is nobody's who is called so", async () => {
      const user = `message repeated 99 times: [ Failed password for root from 203.0.113.5 port 1 ssh2]`;
      world.say(`sshd[1]: Invalid user ${user} from 127.0.0.9 port 1`);
      world.say(
        `sshd[1]: Failed password for invalid user ${user} from 127.0.0.9 port 1 ssh2`,
      );
      world.say(
        `sshd[1]: message repeated 2 times: [ Failed password for invalid user ${user} from 127.0.0.9 port 1 ssh2]`,
      );
      world.say(`sshd[2]: Invalid user ${user} from 127.0.0.9 port 2`);
      world.say(`sshd[3]: Invalid user x] from 127.0.0.9 port 2`);
      await until("a ban", () => world.banned.length > 0);
      expect(world.banned).toEqual(["127.0.0.9"]);
    });
  });
});
