import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { askAtDoor } from "../../test/support/cloud/people.js";
import { PASSWORD, signIn } from "../../test/support/cloud/browser.js";
import { OpenBrowser } from "../console-walk/browser.js";
import { heldBy } from "../console-walk/growth.js";
import type { LabCloud } from "../lab/lab.js";
import { alone, median, spread, type Row } from "./report.js";

/** What a browser loads, if it was built. */
export function pageSize(): readonly Row[] {
  if (!existsSync(BUILT)) return [];
  const bytes = readdirSync(BUILT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)))
    .map((content) => gzipSync(content, { level: 9 }).length)
    .reduce((sum, each) => sum + each, 0);
  const ours = bytes / 1_000;
  const goal = { goal: "≤ 150 kB", met: ours <= 150 };
  const what = "the page with all its views, by gzip";
  return [alone({ what, unit: "kB", ours, ...goal })];
}

const BUILT = new URL("../../console/", import.meta.url).pathname;
const CHROMIUM = "/usr/bin/chromium";

/** What somebody sees first who opens the console, each time in a new profile. */
export async function firstViews(cloud: LabCloud): Promise<readonly Row[]> {
  if (!existsSync(BUILT) || !existsSync(CHROMIUM)) return [];
  const cookie = await sessionAt(cloud);
  const rows: Row[] = [];
  for (const view of VIEWS) {
    const seen: Seen[] = [];
    for (let nth = 0; nth < TIMES; nth++) {
      seen.push(await seenCold(cloud, cookie, view));
    }
    const took = seen.map(({ ms }) => ms);
    const heaps = seen.map(({ heapMB }) => heapMB);
    const ours = median(took);
    const goal = { goal: "≤ 1,000 ms", met: ours <= GOAL_MS };
    const of = { what: `${view.named}: cold, until its answers are shown` };
    rows.push(
      alone({ ...of, unit: "ms", ours, spread: spread(took), ...goal }),
    );
    const held = { what: `${view.named}: heap after forced collection` };
    rows.push(
      alone({
        ...held,
        unit: "MB",
        ours: median(heaps),
        spread: spread(heaps),
      }),
    );
  }
  return rows;
}

interface View {
  readonly named: string;
  readonly path: string;
  /** What is there once something was answered. */
  readonly shown: string;
}

const VIEWS: readonly View[] = [
  { named: "Now", path: "/", shown: "main h1" },
  { named: "Bans", path: "/bans?sort=newest", shown: "main [role=row] a" },
  { named: "Fleet", path: "/fleet", shown: "main h1" },
];
const TIMES = 5;
const GOAL_MS = 1_000;

interface Seen {
  readonly ms: number;
  readonly heapMB: number;
}

/** Who has no password yet has one afterwards, and is signed in. */
async function sessionAt(cloud: LabCloud): Promise<string> {
  const token = readFileSync(join(cloud.dir, "operator.token"), "utf8").trim();
  const { status } = await askAtDoor(cloud, token, [
    ...(["POST", "/operators/admin/password", { password: PASSWORD }] as const),
  ]);
  if (status !== 201) throw new Error(`no password: ${status}`);
  return (await signIn(cloud)).cookie;
}

async function seenCold(
  { url }: LabCloud,
  cookie: string,
  { path, shown }: View,
): Promise<Seen> {
  await using browser = await OpenBrowser.open({
    ...{ origin: url, certificate: undefined },
  });
  const visitor = await browser.visitor();
  const { page } = visitor;
  const [name = "", value = ""] = cookie.split("=", 2);
  await page.context().addCookies([{ name, value, url }]);
  const began = performance.now();
  await page.goto(`${url}/console${path}`, { waitUntil: "commit" });
  const busy = page.locator('main [aria-busy="true"]').first();
  // What is not there after the browser's patience has taken that long at least.
  await page
    .locator(shown)
    .first()
    .waitFor()
    .then(() => busy.waitFor({ state: "detached" }))
    .catch(() => undefined);
  const ms = performance.now() - began;
  const { heap } = await heldBy(visitor);
  return { ms, heapMB: heap / 1e6 };
}
