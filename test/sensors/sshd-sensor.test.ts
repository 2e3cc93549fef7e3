import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import { systemClock, type Clock } from "../../agent/runtime/clock.js";
import {
  SshdSensor,
  type Detection,
  type UsualPlaces,
} from "../../agent/sensors/sshd-sensor.js";
import { until } from "../../scripts/lab/run.js";

describe("the sensor of sshd", () => {
  let folder: string;
  let path: string;
  let sensor: SshdSensor | undefined;
  let detections: Detection[];
  let told: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sshd-sensor-"));
    path = join(folder, "auth.log");
    writeFileSync(path, "");
    [detections, told] = [[], []];
  });

  afterEach(async () => {
    await sensor?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(
    sshd: object = { source: { file: path, onlySshd: true } },
    clock: Clock = systemClock,
    places?: UsualPlaces,
  ): Promise<void> {
    const settings = parseConfig({ sensors: { sshd } }, "test").sensors.sshd;
    sensor = new SshdSensor({
      settings,
      thresholds: () => settings,
      translators: [],
      clock,
      ...(places ? { places } : {}),
      journalctl: join(folder, "journalctl"),
      detected: (some) => {
        detections.push(...some);
        return Promise.resolve();
      },
      events: {
        sensorFound: (_, source) => void told.push(`found ${source}`),
        sensorLost: (_, source) => void told.push(`lost ${source}`),
        handshakesUnseen: () => void told.push("unseen"),
        notConfirmed: (_, source, count) =>
          void told.push(`${count} of ${source} not confirmed`),
      },
    });
    await until("it reads", () => Promise.resolve(told[0]));
    await systemClock.sleep(10);
  }

  const log = (...lines: string[]) =>
    appendFileSync(
      path,
      lines
        .map((line) => `${new Date().toISOString()} host ${line}\n`)
        .join(""),
    );

  /** What stands in for journalctl does this, and then goes on following. */
  function journalctl(script: string): void {
    const newest = 'case "$*" in *--lines=1\\ *) exit;; esac';
    const whole = `#!/bin/sh\n${newest}\n${script}\nexec sleep 60\n`;
    writeFileSync(join(folder, "journalctl"), whole);
    chmodSync(join(folder, "journalctl"), 0o755);
  }

  const failed = (from: string, pid: number) =>
    `sshd[${pid}]: Failed password for root from ${from} port ${pid} ssh2`;

  /** Everything before this has been judged when it is detected. */
  async function names(): Promise<string[]> {
    log(
      ...Array.from({ length: 5 }, (_, i) => failed("192.0.2.99", 9_000 + i)),
    );
    await until("the marker", () =>
      Promise.resolve(
        detections.some(({ source }) => source.name === "192.0.2.99")
          ? true
          : undefined,
      ),
    );
    return detections.map(({ source }) => source.name).slice(0, -1);
  }

  it("tells of an address after five failures", async () => {
    await start();
    const before = Date.now();
    for (let i = 0; i < 5; i++) log(failed("203.0.113.7", i));
    expect(await names()).toEqual(["203.0.113.7"]);
    expect(detections[0]).toMatchObject({ sensor: "sshd", count: 5 });
    expect(detections[0]?.firstSeen).toBeGreaterThanOrEqual(before - 1);
  });

  it("counts a connection once that logs three lines", async () => {
    await start();
    for (let pid = 1; pid <= 4; pid++) {
      log(
        `sshd[${pid}]: Invalid user x from 203.0.113.7 port ${pid}`,
        `sshd[${pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7 `,
        `sshd[${pid}]: Failed password for invalid user x from 203.0.113.7 port ${pid} ssh2`,
        `sshd[${pid}]: Connection closed by invalid user x 203.0.113.7 port ${pid} [preauth]`,
      );
    }
    expect(await names()).toEqual([]);
    log("sshd[5]: Invalid user x from 203.0.113.7 port 5");
    await until("the fifth", () => Promise.resolve(detections[1]));
    expect(detections[1]?.count).toBe(5);
  });

  it("takes back what somebody mistyped who then logs in", async () => {
    await start();
    for (let pid = 1; pid <= 9; pid++) {
      log(
        failed("203.0.113.7", pid),
        failed("203.0.113.7", pid),
        `sshd[${pid}]: Accepted password for alice from 203.0.113.7 port ${pid} ssh2`,
      );
    }
    expect(await names()).toEqual([]);
  });

  it("does not let a login of one connection excuse the others", async () => {
    await start();
    for (let pid = 1; pid <= 5; pid++) {
      log(
        failed("203.0.113.7", pid),
        `sshd[${100 + pid}]: Accepted password for mallory from 203.0.113.7 port 1 ssh2`,
      );
    }
    expect(await names()).toEqual(["203.0.113.7"]);
  });

  it("believes nobody else who says to be sshd", async () => {
    await start();
    for (let i = 0; i < 9; i++) {
      log(
        `app[${i}]: ${failed("203.0.113.7", i)}`,
        `app[${i}]: Nov 23 12:00:00 host ${failed("203.0.113.7", i)}`,
        `sshd[${i}]: Failed password for x from 203.0.113.7 port 1 ssh2 from host.example port 22 ssh2`,
      );
    }
    expect(await names()).toEqual([]);
  });

  it("takes a /64 for one source, and mapped addresses for IPv4", async () => {
    await start();
    for (let i = 1; i <= 5; i++) {
      log(failed(`2001:db8::${i}`, i), failed("::ffff:203.0.113.7", 100 + i));
    }
    expect(await names()).toEqual(["2001:db8::/64", "203.0.113.7"]);
  });

  it("is not confused by a wall clock that jumps", async () => {
    let jump = 0;
    const now = () => Date.now() + jump;
    await start(undefined, { ...systemClock, now });
    const seen = () => sensor?.view()[0]?.lines;
    for (let i = 0; i < 5; i++) {
      jump = 86_400_000 * (i % 2 ? -3 : 2);
      const date = new Date(now()).toISOString();
      appendFileSync(path, `${date} host ${failed("203.0.113.7", i)}\n`);
      await until("it is read", () =>
        Promise.resolve(seen() === i + 1 || undefined),
      );
    }
    jump = 0;
    expect(await names()).toEqual(["203.0.113.7"]);
  });

  it("reads the journal, and leaves out what is older than the time", async () => {
    const entry = (age: number, i: number, from: string) =>
      JSON.stringify({
        __CURSOR: `s=${i}`,
        __REALTIME_TIMESTAMP: String((Date.now() - age) * 1_000),
        SYSLOG_IDENTIFIER: "sshd-session",
        _PID: String(i),
        MESSAGE: `Failed password for root from ${from} port ${i} ssh2`,
      });
    const entries = Array.from({ length: 5 }, (_, i) => [
      entry(700_000, i, "198.51.100.7"),
      entry(0, i, "203.0.113.7"),
    ]).flat();
    writeFileSync(join(folder, "entries"), `${entries.join("\n")}\n`);
    journalctl(`cat ${folder}/entries`);
    await start({ source: "journal" });
    await until("a detection", () => Promise.resolve(detections[0]));
    expect(told).toEqual(["found the journal"]);
    const found = detections.map(({ source }) => source.name);
    expect(found).toEqual(["203.0.113.7"]);
  });

  it("says that its log is not there, and goes on when it comes", async () => {
    rmSync(path);
    await start();
    for (let i = 0; i < 5; i++) log(failed("203.0.113.7", i));
    expect(await names()).toEqual(["203.0.113.7"]);
    expect(told).toEqual([`lost ${path}`, `found ${path}`]);
  });
});
