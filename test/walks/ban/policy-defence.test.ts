import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../../agent/config/config.js";
import {
  permittedOf,
  type PermittedSshd,
} from "../../../agent/config/policy-sensors.js";
import { makeEvents } from "../../../agent/events/events.js";
import type { PolicySensors } from "../../../agent/protocol/policy.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { PolicyDefence } from "../../../agent/walks/ban/policy-defence.js";
import { facts } from "../../support/agent/host-facts.js";
import { RecordingLogger } from "../../support/agent/recording-logger.js";
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

  beforeEach(() => {
    log = new RecordingLogger();
    sensors = {};
    tell = () => undefined;
    const sshd = { source: { file: "/nonexistent/auth.log", onlySshd: true } };
    defence = new PolicyDefence({
      config: parseConfig(
        {
          sensors: { sshd },
          policy: {
            sensors: { sshd: { maxretry: [3, 20] } },
          },
        },
        "test",
      ),
      policies: {
        sensors: () => sensors,
        onChanged: (listener) => (tell = listener),
      },
      ledger: { recordLocal: () => ({}) as never },
      facts: () => facts,
      enforce: () => Promise.resolve(),
      report: () => undefined,
      clock: systemClock,
      banTime: () => Date.now(),
      events: makeEvents(log),
    });
  });

  afterEach(() => defence[Symbol.asyncDispose]());

  it("begins its sensors anew with what a policy sets, and goes back after", async () => {
    const times = () =>
      log.lines.filter((line) => line === "info: sensors follow the policy")
        .length;
    sensors = { sshd: { maxretry: 8 } };
    tell();
    await until("it follows", () => times() === 1);
    sensors = { sshd: { maxretry: 8 } };
    tell();
    sensors = {};
    tell();
    await until("it goes back", () => times() === 2);
    expect(defence.view()).toHaveLength(1);
  });
});
