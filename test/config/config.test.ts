import { describe, expect, it, test } from "@jest/globals";
import { InvalidConfig, parseConfig } from "../../agent/config/config.js";
import { formatCidr } from "../../agent/model/cidr.js";

/** What is wrong with a configuration, line by line. */
function problemsOf(raw: unknown): readonly string[] {
  try {
    parseConfig(raw, "test.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems;
  }
}

describe("a configuration", () => {
  it("that says nothing means the defaults", () => {
    const defaults = {
      stateDir: "/var/lib/tourniquet",
      controlSocket: "/run/tourniquet/control.sock",
      cloud: {
        caFile: undefined,
        proxy: undefined,
        proxyCredentialsFile: undefined,
        staleAfterSeconds: 900,
      },
      enforce: { backend: "nftables", egress: "drop" },
      guard: {
        allow: [],
        limits: {
          ...{ life: 365 * 86_400, share: 0.01, entries: 2_000_000 },
          ...{ changesPerMinute: 10_000, burst: 500_000 },
          ...{ growth: 2, remain: 0.5 },
        },
        trial: { seconds: 90, mostAtOnce: 250, prefix: { 4: 24, 6: 48 } },
        floor: { 4: 12, 6: 29 },
        unapproved: { 4: 16, 6: 32 },
        policy: "follow",
        private: "protect",
        around: "hold",
        tiers: { publicResolvers: true, cdnEdges: true, tenantClouds: false },
        translators: [],
        sessions: { ports: [22] },
      },
      sensors: {
        sshd: {
          enabled: true,
          source: undefined,
          ports: [22],
          maxretry: 5,
          findtimeSeconds: 600,
          bantimeSeconds: 3_600,
        },
      },
      policy: {
        sshd: {
          ...{ maxretry: undefined, findtime: undefined, bantime: undefined },
        },
      },
      metrics: { socket: "/run/tourniquet/metrics.sock", listen: undefined },
      telemetry: { impact: true },
      safeMode: { starts: 3, withinSeconds: 600, lastsSeconds: 900 },
      log: { level: "info", format: "text" },
      idle: [],
    };
    for (const nothing of [undefined, null, {}]) {
      expect(parseConfig(nothing, "test.yaml")).toEqual(defaults);
    }
  });

  it("says how far a policy may set sensors", () => {
    const sensors = (sshd: object) =>
      parseConfig({ policy: { sensors: { sshd } } }, "test.yaml").policy.sshd;
    expect(
      sensors({
        maxretry: [3, 20],
        bantime: ["10m", "7d"],
      }),
    ).toEqual({
      maxretry: [3, 20],
      findtime: undefined,
      bantime: [600, 604_800],
    });
    expect(() => sensors({ maxretry: [9, 3] })).toThrow(
      "must be two values, the lesser first",
    );
  });

  it("may settle everything", () => {
    const config = parseConfig(
      {
        version: 1,
        stateDir: "/srv/tq",
        controlSocket: "/srv/tq.sock",
        cloud: { caFile: "/etc/ca.pem" },
        enforce: { backend: "dry-run", egress: "reject" },
        guard: {
          allow: ["192.0.2.0/24", "2001:db8::/32"],
          floor: { ipv4: 16 },
          private: "allow-bans",
          tiers: { tenantClouds: true },
          sessions: { ports: [22, 2222], after: "10m" },
        },
        log: { level: "debug", format: "json" },
      },
      "test.yaml",
    );
    expect(config.guard.allow.map(formatCidr)).toEqual([
      "192.0.2.0/24",
      "2001:db8::/32",
    ]);
    expect(config.guard).toMatchObject({
      floor: { 4: 16, 6: 29 },
      private: "allow-bans",
      tiers: { publicResolvers: true, tenantClouds: true },
      sessions: { ports: [22, 2222] },
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("may open metrics on loopback, and none at all", () => {
    const of = (metrics: object) => parseConfig({ metrics }, "a").metrics;
    expect(of({ listen: "[::1]:9469", socket: "off" })).toEqual({
      ...{ socket: undefined, listen: { host: "::1", port: 9_469 } },
    });
    expect(of({ socket: "/run/m.sock" }).socket).toBe("/run/m.sock");
  });

  it("may hold what earlier versions knew and this one needs no more", () => {
    const raw = { guard: { sessions: { after: "150s" } } };
    const { idle } = parseConfig(raw, "test.yaml");
    expect(idle.map(({ name }) => name)).toEqual(["guard.sessions.after"]);
    const wrong = { guard: { sessions: { after: "soon" } } };
    expect(problemsOf(wrong)).toEqual([
      "guard.sessions.after: must be a time such as 30s, 10m, 4h or 7d",
    ]);
  });

  it("takes prefixes of translators that can be told apart", () => {
    const translators = (...texts: string[]) => ({
      guard: { translators: texts },
    });
    const { guard } = parseConfig(translators("2001:db8:46:64::/96"), "a.yaml");
    expect(guard.translators.map(formatCidr)).toEqual(["2001:db8:46:64::/96"]);
    expect(problemsOf(translators("2001:db8::/44"))).toEqual([
      "guard.translators: must be IPv6, of 32, 40, 48, 56, 64, 96 bits",
    ]);
    expect(problemsOf(translators("64:ff9b::/96"))).toEqual([
      "guard.translators: must not overlap each other, nor 64:ff9b::/96, which is known",
    ]);
    expect(problemsOf(translators("nonsense"))).toHaveLength(1);
  });

  it("is told all that is wrong with it at once, each with its path", () => {
    const problems = problemsOf({
      version: 2,
      stateDir: "relative/path",
      cloud: { caFile: 7 },
      enforce: { backend: "iptables" },
      guard: {
        allow: ["192.0.2.0/24", "192.0.2.1/24", "example.com"],
        floor: { ipv4: 0, ipv6: 129 },
      },
      log: { level: "loud" },
      colour: "red",
    });
    const paths = problems.map((problem) => problem.split(": ")[0]);
    expect(paths.sort()).toEqual([
      "cloud.caFile",
      "colour",
      "enforce.backend",
      "guard.allow.1",
      "guard.allow.2",
      "guard.floor.ipv4",
      "guard.floor.ipv6",
      "log.level",
      "stateDir",
      "version",
    ]);
  });

  test.each([
    [
      { guard: { allow: ["192.0.2.1/24"] } },
      'guard.allow.0: "192.0.2.1/24" has host bits set; did you mean 192.0.2.0/24?',
    ],
    [
      { guard: { allow: ["::ffff:192.0.2.1"] } },
      'guard.allow.0: "::ffff:192.0.2.1" is an IPv4-mapped IPv6 address; write 192.0.2.1',
    ],
    [{ colour: "red" }, "colour: is no setting that is known"],
    [
      { metrics: { listen: "0.0.0.0:9469" } },
      "metrics.listen: must be a loopback address with its port, such as 127.0.0.1:9469",
    ],
    [
      { metrics: { listen: "127.0.0.1:99999" } },
      "metrics.listen: must have a port up to 65535",
    ],
    [
      { metrics: { socket: "metrics.sock" } },
      "metrics.socket: must be an absolute path",
    ],
    [{ stateDir: "lib" }, "stateDir: must be an absolute path"],
    [
      { guard: { floor: { ipv4: 33 } } },
      "guard.floor.ipv4: must be from 1 to 32",
    ],
  ])("%j is told what to write instead", (raw, problem) => {
    expect(problemsOf(raw)).toEqual([problem]);
  });

  test.each([
    ["a list", ["dry-run"]],
    ["a text", "dry-run"],
    ["a number", 7],
    ["a section without content", { guard: null }],
    ["a section that is a list", { log: ["debug"] }],
    ["a number as text", { guard: { floor: { ipv4: "12" } } }],
    ["wider than the floor", { guard: { unapproved: { ipv4: 11 } } }],
    ["half a bit", { guard: { floor: { ipv4: 12.5 } } }],
    ["an unknown key deep down", { guard: { floor: { ipv5: 12 } } }],
    [
      "more ranges than anybody has",
      { guard: { allow: Array(4_097).fill("::1") } },
    ],
  ])("of the wrong kind is refused: %s", (_what, raw) => {
    expect(problemsOf(raw)).toHaveLength(1);
  });

  it("names its source, and counts", () => {
    expect(() => parseConfig({ a: 1 }, "test.yaml")).toThrow(
      /^test\.yaml has 1 problem:\n {2}a: /,
    );
    expect(() => parseConfig({ a: 1, b: 2 }, "test.yaml")).toThrow(
      /^test\.yaml has 2 problems:\n/,
    );
  });
});
