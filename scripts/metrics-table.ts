import type { Measured } from "../service/metrics/families.js";
import type { Family } from "../service/metrics/exposition.js";

/** A host of which everything is known. */
export const EXAMPLE: Measured = {
  status: {
    version: "1.0.0",
    verdict: { does: "degraded", findings: [{ kind: "behind" }] },
    ...{ enforcing: true, mode: "enforce", pausedUntil: null },
    ...{ safeMode: false, storage: { state: "ok" } },
    ...{ ledger: { revision: 7 }, kernel: { revision: 7 } },
    cloud: { at: "up", caughtUp: true, since: "2026-01-01T00:00:00Z" },
    feeds: [
      { feed: "urgent", bans: 5, observed: 1, held: 0 },
      { feed: "org/acme", bans: 2, observed: 0, held: 3 },
      { feed: "org/acme/web", bans: 1, observed: 0, held: 0 },
      { feed: "org/acme/mail", bans: 4, observed: 0, held: 0 },
    ],
    ...{ trials: [], sessions: { sockets: 1, flows: 2 }, uncovered: [] },
    upkeep: {
      ...{ healed: 1, contested: null },
      audit: { rounds: 2, checked: 9, found: 0 },
    },
    proof: { failures: 0 },
    sensors: [
      {
        ...{ name: "sshd", source: "/var/log/auth.log" },
        ...{ lines: 9, failures: 3, unconfirmed: 0 },
      },
    ],
  } as unknown as Measured["status"],
  totals: [
    {
      ...{ family: 4, direction: "in", observed: false },
      ...{ packets: 3, bytes: 180 },
    },
  ],
  process: { cpuSeconds: 0.5, residentBytes: 1e8, startedAt: 1_767_225_600 },
};

const MARK = "<!-- metrics -->\n";

/**
 * docs/metrics.md with a row of each family behind its mark.
 * @throws Error without the mark
 */
export function withMetrics(
  document: string,
  families: readonly Family[],
): string {
  const [before, after] = document.split(MARK);
  if (before === undefined || after === undefined) {
    throw new Error(`docs/metrics.md must have ${MARK.trim()}`);
  }
  const rest = after.replace(/^\n(?:\|.*\n)*/, "");
  const rows = families.map(rowOf);
  const head = [
    "| metric | type | labels | what it is |",
    "| --- | --- | --- | --- |",
  ];
  return `${before}${MARK}\n${[...head, ...rows].join("\n")}\n${rest}`;
}

function rowOf({ name, type, help, samples }: Family): string {
  const sampled = type === "counter" ? `${name}_total` : name;
  const labels = Object.keys(samples[0]?.labels ?? {})
    .map((label) => `\`${label}\``)
    .join(", ");
  return `| \`${sampled}\` | ${type} | ${labels} | ${help} |`;
}
