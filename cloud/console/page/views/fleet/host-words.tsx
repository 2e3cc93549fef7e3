import type { Host } from "../../api-types.js";
import { Badge, type Tone } from "../../parts/bits.js";

type Words = Readonly<
  Record<string, { readonly tone: Tone; readonly says: string }>
>;

const MODES = {
  enforce: { tone: "good", says: "enforces" },
  observe: { tone: "warn", says: "only counts" },
  paused: { tone: "warn", says: "paused" },
  "not-enforcing": { tone: "bad", says: "does not enforce" },
  "safe-mode": { tone: "bad", says: "safe mode" },
  unknown: { tone: "calm", says: "not known" },
} as const satisfies Words;

const MODES_EXPLAINED: Readonly<Record<Host["mode"], string>> = {
  enforce: "Its newest receipt says that it drops what is banned.",
  observe: "It counts packets of banned addresses, and lets them pass.",
  paused: "Its operator has it only count for a while; that ends by itself.",
  "not-enforcing": "Packets pass that it is to drop.",
  "safe-mode":
    "It crashed again and again: it drops what it did, and takes nothing new.",
  unknown: "It has not given a receipt yet.",
};

/** What a host does with its bans, in a word. */
export function ModeBadge({ mode }: { readonly mode: Host["mode"] }) {
  const { tone, says } = MODES[mode];
  return (
    <span title={MODES_EXPLAINED[mode]}>
      <Badge tone={tone}>{says}</Badge>
    </span>
  );
}

/** The same in a sentence. */
export const modeExplained = (mode: Host["mode"]): string =>
  MODES_EXPLAINED[mode];

const STATES = {
  online: { tone: "good", says: "connected" },
  offline: { tone: "warn", says: "away" },
  left: { tone: "calm", says: "left" },
  revoked: { tone: "calm", says: "revoked" },
} as const satisfies Words;

export function StateBadge({ state }: { readonly state: Host["state"] }) {
  const { tone, says } = STATES[state];
  return <Badge tone={tone}>{says}</Badge>;
}

/** How bad something is, as hosts say it. */
export const SEVERITIES: Readonly<Record<"low" | "medium" | "high", Tone>> = {
  low: "calm",
  medium: "warn",
  high: "bad",
};

/** One thing that is wrong with a host. */
export interface Trouble {
  readonly code: string;
  readonly tone: Tone;
  readonly says: string;
  readonly since: string | null;
}

/** All that is wrong with a host, the worst first. */
export function troublesOf(host: Host): readonly Trouble[] {
  const said = (host.report?.health ?? []).map(
    ({ code, severity, text, since }): Trouble => ({
      ...{ code, tone: SEVERITIES[severity], says: text, since },
    }),
  );
  const rank = { bad: 0, warn: 1, calm: 2, good: 3 };
  return [...said, ...seenHere(host)].sort(
    (a, b) => rank[a.tone] - rank[b.tone],
  );
}

/** What the cloud itself sees of it. */
function seenHere(host: Host): readonly Trouble[] {
  const { cloned, telemetryOverSince: since, report } = host;
  const dropped = report?.dropped ?? 0;
  return [
    ...(cloned > 0 ? [{ ...CLONED, since: null }] : []),
    ...(since === null ? [] : [{ ...OVER, since }]),
    ...(dropped > 0 ? [{ ...LOST, since: null }] : []),
  ];
}

const CLONED: Omit<Trouble, "since"> = {
  ...{ code: "cloned", tone: "bad" as const },
  says: "two live processes have its key: it was copied, or restored beside itself",
};

const OVER: Omit<Trouble, "since"> = {
  ...{ code: "telemetry-waits", tone: "warn" as const },
  says: "it reports more than it may; what is over waits on the host",
};

const LOST: Omit<Trouble, "since"> = {
  ...{ code: "telemetry-lost", tone: "warn" as const },
  says: "it had no room for all that it was to report, and let some go",
};
