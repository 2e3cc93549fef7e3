import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { until } from "../lab/run.js";
import { keepSmall } from "./picture-file.js";
import { Stage } from "./stage.js";
import { about, VIEWS } from "./views.js";
import type { Visitor } from "./visitor.js";

/** `scripts/screenshots`: what the README and others show of the console. */
const { values } = parseArgs({
  options: {
    to: { type: "string", default: "docs/pictures" },
    /** Names of views, with commas between; all that the documents show by default. */
    views: { type: "string", default: "Now,Decision,Address,Fleet" },
    seed: { type: "string", default: "15" },
    hosts: { type: "string", default: "120" },
    /** Seconds that the fleet lives before. */
    after: { type: "string", default: "100" },
    /** A program that makes PNGs smaller; empty: they stay as they are. */
    pngquant: { type: "string", default: "" },
  },
});

const SIZES = [
  { width: 1_280, height: 900 },
  { width: 390, height: 844 },
] as const;

await using stage = await Stage.open({
  ...{ hosts: Number(values.hosts), seed: Number(values.seed) },
  ...{ perSecond: 20, attackEveryS: 12 },
});
const { browser, lively } = stage;
const visitor = await browser.visitor();
await visitor.goTo("/");
await visitor.signIn("demo", lively.people.demo.password);
await visitor.page.waitForTimeout(Number(values.after) * 1_000);
// The newest decision of a rule, once nearly everybody has answered.
const known = await until("a rule decides", () => about(stage));
await visitor.page.waitForTimeout(6_000);
mkdirSync(values.to, { recursive: true });
for (const name of values.views.split(",")) {
  const view = VIEWS.find((each) => each.name === name);
  if (view === undefined) throw new Error(`there is no view ${name}`);
  await visitor.moveTo(view.at(known));
  await inEveryLook(visitor, name.toLowerCase());
}
const wrong = browser.faults();
for (const line of wrong) process.stdout.write(`FAILED  ${line}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;

async function inEveryLook(visitor: Visitor, name: string): Promise<void> {
  const { page } = visitor;
  for (const size of SIZES) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await visitor.settled();
      await page.waitForTimeout(1_000);
      const path = join(values.to, `${name}-${size.width}-${colorScheme}.png`);
      writeFileSync(path, await page.screenshot());
      keepSmall(path, values.pngquant);
    }
  }
}
