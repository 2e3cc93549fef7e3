import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../../agent/config/config.js";
import {
  permittedOf,
  type PermittedSshd,
} from "../../../agent/config/policy-sensors.js";
import { makeEvents } from "../../../agent/events/events.js";
import type { PolicySensors } from "../../../agent/protocol/policy.js";
import { formatCidr } from "../../../agent/model/cidr.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { PolicyDefence } from "../../../agent/walks/ban/policy-defence.js";
import { facts } from "../../support/agent/host-facts.js";
import { RecordingLogger } from "../../support/agent/recording-logger.js";
import { TestFolder } from "../../support/folder.js";
import { until } from "../../support/time/clock.js";

const permitted: PermittedSshd = {
  maxretry: [3, 20],
  findtime: undefined,
  bantime: [600, 7_200],
};

describe("what a policy sets of a sensor", () => {
  it("counts between the bounds of the host's file", () => {
    expect(permittedOf({ maxretry: 20, bantime: 600 }, permitted)).toEqual({
      set: { maxretry: 20, bantime: 600 },
      passedOver: [],
    });
  });

  it.each([
    [{ maxretry: 21 }, "maxretry"],
    [{ maxretry: 2 }, "maxretry"],
    [{ bantime: 7_201 }, "bantime"],
    [{ findtime: 60 }, "findtime"],
  ])("is passed over beyond them: %j", (wanted, name) => {
    expect(permittedOf(wanted, permitted)).toEqual({
      set: {},
      passedOver: [name],
    });
  });
});

describe("a host's defence", () => {
  let log: RecordingLogger;
  let sensors: PolicySensors;
  let tell: () => void;
  let defence: PolicyDefence;
  let folder: TestFolder;
  let path: string;
  let banned: string[];

  beforeEach(() => {
    log = new RecordingLogger();
    folder = new TestFolder();
    path = join(folder.path, "auth.log");
    writeFileSync(path, "");
    banned = [];
    sensors = {};
    tell = () => undefined;
    const source = { file: path, onlySshd: true };
    const sshd = { source, maxretry: 5, bantime: "10m" };
    defence = new PolicyDefence({
      config: parseConfig(
        {
          sensors: { sshd },
          policy: {
            sensors: { sshd: { maxretry: [3, 20], bantime: ["10m", "20m"] } },
          },
        },
        "test",
      ),
      policies: {
        sensors: () => sensors,
        onChanged: (listener) => (tell = listener),
      },
      ledger: {
        recordLocal: (bans, now) => {
          for (const { cidr, expiresAt } of bans) {
            banned.push(`${formatCidr(cidr)} ${expiresAt - now}`);
          }
          return undefined;
        },
      },
      facts: () => facts,
      enforce: () => Promise.resolve(),
      report: () => undefined,
      clock: systemClock,
      banTime: () => Date.now(),
      events: makeEvents(log),
    });
  });

  afterEach(async () => {
    await defence[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const set = (sshd: PolicySensors["sshd"]) => {
    sensors = sshd === undefined ? {} : { sshd };
    tell();
  };
  const failures = () => defence.view()[0]?.failures ?? 0;
  const fail = async (times: number) => {
    const before = failures();
    const now = new Date().toISOString();
    for (let i = 0; i < times; i++) {
      const port = 40_000 + before + i;
      const what = `Failed password for root from 192.0.2.7 port ${port} ssh2`;
      appendFileSync(path, `${now} host sshd[${port}]: ${what}\n`);
    }
    await until("it has read them", () => failures() === before + times);
  };

  it("sets its sensors as a policy has it, and back after", () => {
    const lines = () =>
      log.lines.filter((line) => line === "info: sensors follow the policy");
    set({ maxretry: 8 });
    expect(lines()).toHaveLength(1);
    set({ maxretry: 8 });
    expect(lines()).toHaveLength(1);
    set(undefined);
    expect(lines()).toHaveLength(2);
  });

  it("goes by what a policy sets", async () => {
    await until("it reads", () => log.lines.length > 0);
    set({ maxretry: 3, bantime: 1_200 });
    await fail(3);
    expect(banned).toEqual(["192.0.2.7 1200"]);
  });

  it("counts on where a policy changes its sensors, however often", async () => {
    await until("it reads", () => log.lines.length > 0);
    for (let retries = 8; retries < 12; retries++) {
      set({ maxretry: retries });
      await fail(1);
    }
    expect(banned).toEqual([]);
    set(undefined);
    await fail(1);
    expect(banned).toEqual(["192.0.2.7 600"]);
  });
});
