import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../agent/runtime/clock.js";
import { Lab, LabCloud } from "../lab/lab.js";
import { until } from "../lab/run.js";
import { fillCloud } from "./big-cloud.js";
import { firstViews, pageSize } from "./console-page.js";
import { alone, median, quantile, spread, type Row } from "./report.js";

/**
 * What somebody at the console waits for, of a cloud with a million bans and a
 * hundred thousand hosts: its lists by each order and field, over HTTP, how soon a
 * browser shows a view, and how large the page is. It runs as a cloud does, and is
 * nothing that a process without WebAssembly may load: the browser's driver wants it.
 */
export async function measureConsole(): Promise<readonly Row[]> {
  await using lab = new Lab();
  const dir = join(lab.folder, "cloud");
  await fillCloud(dir, SIZE);
  const file = join(dir, "cloud.json");
  const written = JSON.parse(readFileSync(file, "utf8")) as object;
  const listen = `127.0.0.1:${CLOUD_PORT}`;
  writeFileSync(file, JSON.stringify({ ...written, listen }));
  const cloud = new LabCloud(dir, `http://${listen}`, undefined);
  const began = performance.now();
  await lab.serve(cloud);
  await until("all bans are listed", () => hasAll(cloud), MOST_MS);
  const rows = [
    row("until all bans are listed, after a start", "s", since(began) / 1_000),
  ];
  rows.push(...(await firstViews(cloud)));
  rows.push(...(await allAnswers(cloud)));
  return [
    ...rows,
    row("memory of the cloud", "MB", rssOf(cloud)),
    ...pageSize(),
  ];
}

const SIZE = { bans: 1_000_000, agents: 100_000, orgs: 100 };
const CLOUD_PORT = 18_451;

async function hasAll(cloud: LabCloud): Promise<true | undefined> {
  await systemClock.sleep(LOOK_EVERY_MS);
  const { total } = await cloud.api<Page>("GET", "/api/v1/bans?sort=newest");
  return total >= SIZE.bans || undefined;
}

const LOOK_EVERY_MS = 200;
const MOST_MS = 120_000;

const MIDDLE = SIZE.bans / 2;
const A_PAGE = 100;

/** Of the nth asking: as of somebody else each time, where that is another answer. */
type Asked = (nth: number) => string;

const bans = (asked: Readonly<Record<string, string | number>>): string =>
  pathOf("bans", asked);

function pathOf(
  list: string,
  asked: Readonly<Record<string, string | number>>,
): string {
  const query = new URLSearchParams({ limit: String(A_PAGE) });
  for (const [name, value] of Object.entries(asked)) {
    query.set(name, String(value));
  }
  return `/api/v1/${list}?${query.toString()}`;
}

const BY_ORDER = ["place", "until", "newest", "range"].flatMap(
  (sort): [string, Asked][] => [
    [`bans by ${sort}: the first page`, () => bans({ sort })],
    [
      `bans by ${sort}: a page in the middle`,
      (nth) => bans({ sort, at: MIDDLE + nth * 977 }),
    ],
  ],
);

const JUMPS: readonly [string, Asked][] = [
  [
    "bans by range: to an address",
    (nth) => bans({ sort: "range", to: `${50 + nth}.7.${nth}.1` }),
  ],
  [
    "bans by newest: to a time",
    (nth) => bans({ sort: "newest", to: at(-nth * 6 * HOUR_MS) }),
  ],
  [
    "bans by until: to a time",
    (nth) => bans({ sort: "until", to: at(nth * 6 * HOUR_MS) }),
  ],
];

const HOUR_MS = 3_600_000;

const at = (fromNow: number): string =>
  new Date(Date.now() + fromNow).toISOString();

/** What no order knows of: all bans are looked at. */
const UNSORTED: ReadonlySet<string> = new Set([
  ...["reason:…", "reason:*…*", "an address's part"],
  ...["a bare word", "observed:yes", "rings:yes"],
]);

/** Queries, each of whose askings is another one: none is answered from before. */
const OF_BANS: readonly [string, (nth: number) => string][] = [
  ["range:…/16", (nth) => `range:${50 + nth}.${nth}.0.0/16`],
  ["feed:org/…", (nth) => `feed:org/org-${nth}`],
  ["org:…", (nth) => `org:org-${nth}`],
  ["until:<… (few)", (nth) => `until:<${nth + 1}h`],
  ["until:>…d (many)", (nth) => `until:>${nth + 1}h`],
  ["since:<…h", (nth) => `since:<${nth + 1}h`],
  ["decision:… (none)", (nth) => `decision:dec-${nth}`],
  ["reason:…", (nth) => `reason:"case ${nth}"`],
  ["reason:*…*", (nth) => `reason:*incident*${nth}`],
  ["a bare word", (nth) => `brute ${nth % 9}`],
  ["an address's part", (nth) => `.${100 + nth}.`],
  ["observed:yes", (nth) => `observed:yes not org:org-${nth}`],
  ["rings:yes", (nth) => `rings:yes not org:org-${nth}`],
];

const OF_AGENTS: readonly [string, (nth: number) => string][] = [
  ["org:…", (nth) => `org:org-${nth}`],
  ["host:…", (nth) => `host:host-${nth * 31}.*`],
  ["version:<…", (nth) => `version:<0.${3 + (nth % 4)}.1`],
  ["unhealthy:yes", (nth) => `unhealthy:yes not org:org-${nth}`],
  [
    "org:… not state:online version:<… lastseen:>…h",
    (nth) =>
      `org:org-${nth} not state:online version:<0.5 lastseen:>${1 + (nth % 20)}h`,
  ],
];

const ASKED: readonly (readonly [string, Asked])[] = [
  ...BY_ORDER,
  ...JUMPS,
  ...OF_BANS.map(([what, q]): [string, Asked] => [
    `bans, q=${what}`,
    (nth) => bans({ sort: "newest", q: q(nth) }),
  ]),
  ...OF_AGENTS.map(([what, q]): [string, Asked] => [
    `agents, q=${what}`,
    (nth) => pathOf("agents", { q: q(nth) }),
  ]),
];

const ASKINGS = 100;

interface Page {
  readonly total: number;
}

/** All that is asked, round by round: nothing is known from the round before. */
async function allAnswers(cloud: LabCloud): Promise<readonly Row[]> {
  const rounds: Answers[][] = ASKED.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [nth, [, asked]] of ASKED.entries()) {
      rounds[nth]?.push(await answersTo(cloud, asked));
    }
  }
  return ASKED.flatMap(([what], nth) => rowsOf(what, rounds[nth] ?? []));
}

const ROUNDS = 3;

/** Milliseconds. */
interface Answers {
  readonly p50: number;
  readonly p95: number;
}

async function answersTo(cloud: LabCloud, asked: Asked): Promise<Answers> {
  const took: number[] = [];
  for (let nth = 0; nth < ASKINGS; nth++) {
    const began = performance.now();
    await cloud.api("GET", asked(nth));
    took.push(since(began));
  }
  return { p50: quantile(took, 0.5), p95: quantile(took, 0.95) };
}

function rowsOf(what: string, rounds: readonly Answers[]): readonly Row[] {
  const [p50s, p95s] = [
    rounds.map(({ p50 }) => p50),
    rounds.map(({ p95 }) => p95),
  ];
  const p95 = median(p95s);
  const most = UNSORTED.has(what.replace("bans, q=", "")) ? ALL_MS : GOAL_MS;
  const goal = { goal: `≤ ${most.toLocaleString("en")} ms`, met: p95 <= most };
  return [
    { ...row(`${what}, p50`, "ms", median(p50s)), spread: spread(p50s) },
    { ...row(`${what}, p95`, "ms", p95), spread: spread(p95s), ...goal },
  ];
}

const GOAL_MS = 100;
const ALL_MS = 1_000;

const since = (began: number): number => performance.now() - began;

const row = (what: string, unit: string, ours: number): Row =>
  alone({ what, unit, ours });

/** MB, of all its threads. */
function rssOf({ process: running }: LabCloud): number {
  const status = readFileSync(`/proc/${running?.pid ?? 0}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
