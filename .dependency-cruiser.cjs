/** Imports go downward only; ARCHITECTURE.md draws the ranks. */
const VOCABULARY =
  "^agent/(model|protocol|netlink|config|sqlite|text)/|^agent/(clock|lifetime|mutex|whole-file)\\.ts$";
const PURE = "^agent/(trust|guard|telemetry|health|expiry)/";
const OUTSIDE =
  "^agent/(uplink|ledger|spool|enforce|sessions|attribution|sensors|host|log)/|^agent/(schedule|calendar|events|sense-events|trust-events|libc)\\.ts$";
const COMPOSITION =
  "^agent/(agent|agent-view|ban-walk|audit|chores|heal|impact|upkeep|ban-time|telemetry-walk|telemetry-ports|time-watch|health-watch|defend|steps|follow|follow-ports|cloud-link|cloud-trust|roots|approvals|feed-watch|link-status|converge|enforcement|protect|protection|receipts|mode-switch|verdict-watch|rollbacks|word|device-keys|rekeying|maintenance|cut|contacts)\\.ts$";

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "vocabulary-imports-nothing-above",
      severity: "error",
      from: { path: VOCABULARY, pathNot: "^agent/netlink/" },
      to: { path: [PURE, OUTSIDE, COMPOSITION].join("|") },
    },
    {
      name: "netlink-knows-only-libc",
      severity: "error",
      from: { path: "^agent/netlink/" },
      to: {
        path: "^(agent|service|cloud)/",
        pathNot: "^agent/(netlink/|libc\\.ts|lifetime\\.ts)",
      },
    },
    {
      name: "model-imports-nothing",
      severity: "error",
      from: { path: "^agent/model/" },
      to: { path: "^(agent|service|cloud)/", pathNot: "^agent/model/" },
    },
    {
      name: "pure-decisions-import-only-vocabulary",
      severity: "error",
      from: { path: PURE },
      to: { path: [OUTSIDE, COMPOSITION].join("|") },
    },
    {
      name: "outside-folders-never-compose",
      severity: "error",
      from: { path: OUTSIDE },
      to: { path: COMPOSITION },
    },
    {
      name: "outside-folders-never-sideways",
      severity: "error",
      from: {
        path: "^agent/(uplink|ledger|spool|enforce|sessions|attribution|sensors|host|log)/",
      },
      to: {
        path: "^agent/(uplink|ledger|spool|enforce|sessions|attribution|sensors|host|log)/",
        pathNot: "^agent/$1/",
      },
    },
    {
      name: "agent-never-imports-processes",
      severity: "error",
      from: { path: "^agent/" },
      to: { path: "^(service|installer|cloud|test|scripts)/" },
    },
    {
      // The guard: what hosts will hold, the cloud says by the hosts' own rules.
      name: "cloud-shares-only-vocabulary-signing-and-guard",
      severity: "error",
      from: { path: "^cloud/" },
      to: {
        path: "^(agent|service|installer)/",
        pathNot:
          "^agent/(model|protocol|log|config|text)/|^agent/trust/(keys|sign|root|approval)\\.ts$|^agent/guard/(guard|tiers)\\.ts$|^agent/(clock|lifetime|mutex|schedule|whole-file)\\.ts$",
      },
    },
    {
      name: "service-never-imports-cloud",
      severity: "error",
      from: { path: "^service/" },
      to: { path: "^cloud/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
