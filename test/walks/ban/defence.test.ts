import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../../agent/config/config.js";
import type { HostFacts } from "../../../agent/guard/facts.js";
import type { Ledger } from "../../../agent/ledger/ledger.js";
import { formatCidr, parseCidr } from "../../../agent/model/cidr.js";
import { NO_RANGES } from "../../../agent/model/cidr-index.js";
import { parseShape } from "../../../agent/protocol/shapes.js";
import type { ItemOf } from "../../../agent/protocol/telemetry.js";
import { TelemetryItem } from "../../../agent/protocol/telemetry.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { readSource } from "../../../agent/sensors/source.js";
import type { Detection } from "../../../agent/sensors/sshd-sensor.js";
import {
  Defence,
  type DefencePorts,
} from "../../../agent/walks/ban/defence.js";
import { LedgerFolder, NOW, rulesetOf } from "../../support/agent/ledger.js";

describe("the host's own defence", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;
  let reported: ItemOf<"detection">[];
  let enforced: number;
  let refuse: Error | undefined;
  let failures: number;
  let now: number;
  let defence: Defence;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
    [reported, enforced, refuse, failures, now] = [[], 0, undefined, 0, NOW];
    defence = new Defence(ports(), () => 3_600);
  });

  afterEach(() => folder[Symbol.dispose]());

  const facts: HostFacts = {
    own: ["192.0.2.1", "2001:db8:1::1"].map(parseCidr),
    gateways: ["192.0.2.254"].map(parseCidr),
    resolvers: [],
    dhcpServers: [],
    sessions: [],
    cloud: [],
    released: [],
    ...{ allowed: NO_RANGES, ownBans: [] },
  };

  function ports(): DefencePorts {
    return {
      config: parseConfig({ guard: { allow: ["198.51.100.0/24"] } }, "test"),
      ledger,
      facts: () => facts,
      enforce: () => {
        enforced++;
        return refuse ? Promise.reject(refuse) : Promise.resolve();
      },
      report: (item) => {
        parseShape(TelemetryItem, item, "item");
        reported.push(item);
      },
      clock: {
        ...systemClock,
        now: () => now * 1_000,
        monotonic: () => now * 1_000,
      },
      banTime: () => now * 1_000,
      events: {
        sensorFound: () => undefined,
        sensorLost: () => undefined,
        handshakesUnseen: () => undefined,
        notConfirmed: () => undefined,
        defended: () => undefined,
        notDefended: () => {
          failures++;
        },
      },
    };
  }

  const against = (...addresses: string[]) =>
    defence.against(addresses.map(detection));

  function detection(address: string): Detection {
    const seen = { firstSeen: now * 1_000 - 400.5, lastSeen: now * 1_000 };
    const source = readSource(address, [parseCidr("2001:db8:46:64::/96")])!;
    return { sensor: "sshd", source, count: 5, ...seen };
  }

  it("bans at once in the feed local, and reports it", async () => {
    await against("203.0.113.7");
    expect(rulesetOf(ledger)).toEqual(["203.0.113.7 3600"]);
    expect(ledger.position("local")).toMatchObject({
      ...{ epoch: "local", offset: 1 },
    });
    expect(reported).toEqual([
      {
        kind: "detection",
        time: NOW * 1_000,
        sensor: "sshd",
        source: "203.0.113.7",
        count: 5,
        firstSeen: NOW * 1_000 - 401,
        lastSeen: NOW * 1_000,
        action: "banned",
      },
    ]);
  });

  it("bans one address of a translator, and reports whom it stands for", async () => {
    await against("2001:db8:46:64::cb00:7107", "64:ff9b::cb00:7108");
    expect(rulesetOf(ledger)).toEqual([
      "64:ff9b::cb00:7108 3600",
      "2001:db8:46:64::cb00:7107 3600",
    ]);
    expect(reported.map(({ source }) => source)).toEqual([
      "203.0.113.7",
      "203.0.113.8",
    ]);
  });

  it("takes many at once with one record and one change of the kernel each", async () => {
    const many = Array.from(
      { length: 5_000 },
      (_, i) => `203.${i >> 8}.113.${i & 255}`,
    );
    await against(...many);
    expect(rulesetOf(ledger, NOW, 10_000)).toHaveLength(5_000);
    expect([enforced, ledger.revision(), reported.length]).toEqual([
      ...[2, 2, 5_000],
    ]);
  });

  it.each([
    ["127.0.0.1", "loopback"],
    ["192.0.2.1", "this-host"],
    ["192.0.2.254", "default-gateway"],
    ["198.51.100.9", "allowed-here"],
    ["fe80::1", "link-local"],
  ])("holds a ban on %s, and names the rule", async (address, rule) => {
    await against(address);
    expect(rulesetOf(ledger)).toEqual([]);
    expect(reported).toMatchObject([{ action: "held", rule }]);
    expect(ledger.held({ limit: 9 }, NOW)).toHaveLength(1);
  });

  it("tells of whoever is held once in a while only", async () => {
    await against("192.0.2.254");
    now += 599;
    await against("192.0.2.254");
    expect(reported).toHaveLength(1);
    now += 1;
    await against("192.0.2.254");
    expect(reported).toHaveLength(2);
  });

  it("bans the /64 of an IPv6 address, and the address alone beside this host", async () => {
    await against("2001:db8:9::5", "2001:db8:1::5", "2001:db8:1::1");
    expect(rulesetOf(ledger)).toEqual([
      ...["2001:db8:1::5 3600", "2001:db8:9::/64 3600"],
    ]);
    expect(reported.map(({ source, action }) => [source, action])).toEqual([
      ["2001:db8:9::/64", "banned"],
      ["2001:db8:1::5", "banned"],
      ["2001:db8:1::/64", "held"],
    ]);
  });

  it("bans twice as long whoever comes back", async () => {
    await against("203.0.113.7");
    now += 3_600;
    await against("203.0.113.7");
    expect(rulesetOf(ledger, now)).toEqual([`203.0.113.7 ${3_600 + 7_200}`]);
  });

  it("goes on from where an earlier start left the feed", async () => {
    await against("203.0.113.7", "203.0.113.8");
    ledger = folder.open();
    defence = new Defence(ports(), () => 3_600);
    await against("203.0.113.9");
    expect(ledger.position("local")?.offset).toBe(3);
    expect(rulesetOf(ledger)).toHaveLength(3);
  });

  it("keeps the ban in the ledger when the kernel refuses, and says so", async () => {
    refuse = new Error("no");
    await against("203.0.113.7");
    expect(rulesetOf(ledger)).toHaveLength(1);
    expect([reported[0]?.action, failures]).toEqual(["none", 1]);
  });

  it("does not fall over a ledger that cannot write", async () => {
    ledger[Symbol.dispose]();
    await against("203.0.113.7");
    expect([reported[0]?.action, failures]).toEqual(["none", 1]);
  });

  it("agrees with itself on what an address is", () => {
    const { address, range } = readSource("2001:db8::7")!;
    expect([address, range].map(formatCidr)).toEqual([
      ...["2001:db8::7", "2001:db8::/64"],
    ]);
  });
});

describe("the settings of a sensor", () => {
  const sshd = (settings: object) =>
    parseConfig({ sensors: { sshd: settings } }, "test").sensors.sshd;

  it("have defaults that fit most hosts", () => {
    expect(sshd({})).toEqual({
      enabled: true,
      source: undefined,
      ports: [22],
      maxretry: 5,
      findtimeSeconds: 600,
      bantimeSeconds: 3_600,
    });
  });

  it("are what the customer settled", () => {
    const source = { file: "/var/log/secure", onlySshd: true };
    const settled = { source, findtime: "90s", maxretry: 3, bantime: "7d" };
    expect(sshd(settled)).toMatchObject({
      ...{ source, findtimeSeconds: 90, bantimeSeconds: 604_800 },
    });
  });

  it("take the ports that the host is administered over for sshd's", () => {
    const sessions = { ports: [2222] };
    const { sensors } = parseConfig({ guard: { sessions } }, "test");
    expect(sensors.sshd.ports).toEqual([2222]);
    expect(sshd({ ports: [22, 2022] }).ports).toEqual([22, 2022]);
  });

  it.each([
    [{ ports: [] }, /sensors.sshd.ports/],
    [{ source: "syslog" }, /sensors.sshd.source: must be "journal", or "file"/],
    [{ source: { file: "auth.log" } }, /sensors.sshd.source/],
    [{ findtime: "10" }, /sensors.sshd.findtime: must be a time such as/],
    [{ bantime: "0s" }, /sensors.sshd.bantime/],
    [{ bantime: "400d" }, /at most 365d/],
    [{ maxretry: 0 }, /sensors.sshd.maxretry/],
    [{ maxRetry: 3 }, /sensors.sshd.maxRetry: is no setting that is known/],
  ])("are refused when they make no sense: %j", (settings, problem) => {
    expect(() => sshd(settings)).toThrow(problem);
  });
});
