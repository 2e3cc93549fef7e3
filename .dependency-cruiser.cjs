/**
 * Imports go downward only. Each list has the floors of a folder, the lowest
 * first: a room may import its own files and what is on floors below it. A file
 * that is on no floor fails. ARCHITECTURE.md, "The house", says what is where.
 */
const AGENT = [
  ["runtime/"],
  ["model/", "netlink/"],
  ["text/", "sqlite/", "protocol/", "config/", "log/"],
  // Pure decisions: no clock, no disk, no network.
  ["trust/", "guard/", "telemetry/", "health/", "expiry/"],
  // Each owns one thing outside of this process.
  [
    ...["attribution/", "enforce/", "host/", "ledger/"],
    ...["sensors/", "sessions/", "spool/", "uplink/"],
  ],
  ["events/"],
  ["time/", "keyring/", "safe-mode/"],
  ["protect/"],
  ["walks/ban/", "walks/reconcile/", "walks/telemetry/"],
  ["walks/follow/", "walks/carry/", "walks/trial/", "walks/operator/"],
  ["api.ts", "recurring.ts", "offline.ts", "believed.ts"],
  ["core.ts"],
  ["assembly.ts"],
  ["agent.ts"],
];

const SERVICE = [
  ["terminal/", "settings/", "version.ts"],
  ["identity/", "control/", "selftest/", "config-file.ts", "cloud-way.ts"],
  ["last-good.ts"],
  ["notify.ts", "reload.ts", "metrics/", "upgrade/"],
  ["daemon.ts"],
  ["cli/"],
  ["main.ts"],
];

const CLOUD = [
  [
    "rate/",
    "disk/",
    "lists/",
    "query/",
    "places/",
    "impact/",
    "outgoing/",
    "threads/",
    "ids.ts",
    "folder.ts",
    "version.ts",
    "whole.ts",
  ],
  ["journal/"],
  ["log/", "roots/", "feeds/", "telemetry/"],
  ["tree/"],
  ["door/", "registry/", "operators/", "approvals/", "attacks/"],
  ["rules/", "policies/"],
  ["decide/", "sign-in/", "audit/"],
  ["receipts/", "two-persons/"],
  ["gateway/", "carry/", "coverage/", "contest/", "fleet/"],
  ["report/"],
  ["store.ts", "status.ts", "server.ts"],
  [
    "api/",
    "certificate.ts",
    "open-outcomes.ts",
    "open-overviews.ts",
    "open-ways.ts",
    "open-log.ts",
    "open-sign-in.ts",
    "open-deciding.ts",
  ],
  ["console/"],
  ["open-doors.ts"],
  ["cloud.ts"],
  ["setup.ts", "new-epochs.ts", "publish-root.ts", "local-log.ts"],
  ["erase-log.ts"],
  ["cli/"],
  ["main.ts"],
];

/** Rooms of the same floor that may know each other, by the one that imports. */
const NEIGHBOURS = {
  "agent/config/": ["agent/protocol/"], // the limits of a feed's name
  "agent/log/": ["agent/config/"],
};

const house = { agent: AGENT, service: SERVICE, cloud: CLOUD };

const patternOf = (rooms) =>
  `^(${rooms.map((room) => room.replaceAll(".", "\\.")).join("|")})`;

const downward = Object.entries(house).flatMap(([folder, floors]) =>
  floors.flatMap((floor, height) => {
    const above = floors.slice(height + 1).flat();
    return floor.map((room) => {
      const name = `${folder}/${room}`;
      const others = floor.filter((other) => other !== room);
      const forbidden = [...others, ...above]
        .map((other) => `${folder}/${other}`)
        .filter((other) => !(NEIGHBOURS[name] ?? []).includes(other));
      return {
        name: `${name} looks down only`,
        severity: "error",
        from: { path: patternOf([name]) },
        to: { path: patternOf(forbidden) },
      };
    });
  }),
);

const everyRoom = Object.entries(house).flatMap(([folder, floors]) =>
  floors.flat().map((room) => `${folder}/${room}`),
);
const STRAY = {
  path: "^(agent|service|cloud)/",
  pathNot: patternOf(everyRoom),
};

module.exports = {
  forbidden: [
    { name: "no cycles", severity: "error", from: {}, to: { circular: true } },
    ...downward.filter(({ to }) => to.path !== "^()"),
    { name: "every file has a room", severity: "error", from: STRAY, to: {} },
    { name: "every room is known", severity: "error", from: {}, to: STRAY },
    {
      name: "the agent imports no process",
      severity: "error",
      from: { path: "^agent/" },
      to: { path: "^(service|installer|cloud|test|scripts)/" },
    },
    {
      // The guard: what hosts will hold, the cloud says by the hosts' own rules.
      name: "the cloud shares only words, signing and the guard",
      severity: "error",
      from: { path: "^cloud/" },
      to: {
        path: "^(agent|service|installer)/",
        pathNot:
          "^agent/(model|protocol|log|config|text)/|^agent/trust/(keys|sign|root|approval|policy|tree-head|ring)\\.ts$|^agent/guard/(guard|tiers)\\.ts$|^agent/runtime/(clock|lifetime|mutex|schedule|atomic-file|read-at)\\.ts$",
      },
    },
    {
      name: "the service does not know the cloud",
      severity: "error",
      from: { path: "^service/" },
      to: { path: "^(cloud|installer|test|scripts)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
