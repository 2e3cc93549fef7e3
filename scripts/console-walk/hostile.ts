import { until } from "../lab/run.js";
import type { HostCast } from "../demonstration/lively/cast.js";
import type { LivelyHost } from "../demonstration/lively/lively-host.js";
import * as items from "../demonstration/lively/items.js";
import { Chance } from "../demonstration/lively/chance.js";
import { holds, same, type Checks } from "./checks.js";
import type { Stage } from "./stage.js";
import { about, VIEWS } from "./views.js";

/** What hosts send is text, whatever it looks like. */
export async function hostileHosts(
  stage: Stage,
  checks: Checks,
): Promise<void> {
  const { browser, lively } = stage;
  const hosts: LivelyHost[] = [];
  await checks.run("hosts with hostile words come in", async () => {
    for (const evil of EVIL) {
      const host = await lively.add(castOf(evil));
      sayEverything(host, evil);
      hosts.push(host);
    }
    await until("their words are taken down", async () => {
      const all = await lively.cloud.list<Reporting>("agents");
      const evil = all.filter(({ report }) => report.health.length > 0);
      return evil.length >= EVIL.length || undefined;
    });
  });
  const visitor = await browser.visitor();
  await visitor.goTo("/");
  await visitor.signIn("demo", lively.people.demo.password);
  const known = await about(stage);
  for (const { name, at } of VIEWS) {
    await checks.run(`hostile words in ${name}`, async () => {
      await visitor.moveTo(at(known));
      await visitor.settled();
      await mustBeText(visitor);
    });
  }
  await checks.run("hostile words of hosts that hold a ban back", async () => {
    const order = { ranges: [HELD_THERE], for: "1h", feed: "urgent" };
    const { decision } = await lively.cloud.api<{ decision: string }>(
      ...(["POST", "/api/v1/bans", { ...order, reason: LONG }] as const),
    );
    await visitor.page.setViewportSize({ width: 390, height: 844 });
    await visitor.moveTo(`/decisions/${decision}`);
    await visitor.page.getByRole("link", { name: LONG }).first().waitFor();
    await visitor.settled();
    await mustBeText(visitor);
    await mustFit(visitor);
  });
  for (const [nth, host] of hosts.entries()) {
    const evil = EVIL[nth] ?? "";
    await checks.run(`hostile words of one host, ${nth + 1}`, async () => {
      await visitor.moveTo(`/fleet/${host.agent}`);
      await visitor.settled();
      await mustBeText(visitor);
      const said = await visitor.run<string>("document.body.innerText");
      // What would turn the page's own words is shown as a sign.
      const start = evil
        .replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
        .slice(0, 12);
      holds(said.includes(start), `its name is not to be seen: ${start}`);
    });
    host.cutOff();
  }
  await browser.leave(visitor);
}

interface Reporting {
  readonly report: { readonly health: readonly unknown[] };
}

/** Hosts that hold bans back hold one in three: this one. */
const HELD_THERE = "203.0.113.66";

/** One word, as long as a host's name may be. */
const LONG = "W".repeat(253);

/** Each within the 64 characters that the shortest field has, but the last. */
const EVIL = [
  `<img src=x onerror=window.hostile=1>`,
  `<script>window.hostile=1</script>`,
  `"><svg onload="window.hostile=1">`,
  `javascript:window.hostile=1//`,
  `{{constructor.constructor('window.hostile=1')()}}`,
  "${window.hostile=1}<%= 7*7 %>#{7*7}",
  `\u202egpj.exe\u2066 \u2067moc.elpmaxe`,
  `../../..%2f%2e%2e/settings?x=#y`,
  `=cmd|' /C calc'!A0`,
  LONG,
] as const;

const castOf = (evil: string): HostCast => ({
  ...{ org: "fjord-games", hostname: evil, tag: "game", temper: "holding" },
  ...{ version: `0.6.0 ${evil.slice(0, 26)}`, system: evil.slice(0, 128) },
  heldBy: evil.slice(0, 64),
});

/** In every field of everything that a host may say. */
function sayEverything(host: LivelyHost, evil: string): void {
  const chance = new Chance(1);
  const short = evil.slice(0, 32);
  const middle = evil.slice(0, 64);
  const { kernel: _kernel, ...inventory } = items.inventory(host.cast);
  const common = { ...items.detection("203.0.113.66", 7), sensor: short };
  host.report(
    { ...inventory, kernel: evil.slice(0, 128), arch: short },
    { ...common, source: middle },
    { ...common, action: "held", rule: middle },
    {
      ...items.contact("203.0.113.66", chance),
      ...{ process: middle, unit: evil.slice(0, 256), container: middle },
    },
    { ...items.contact("203.0.113.66", chance), remote: middle },
    { ...items.raised("sensor-blind"), code: middle, text: evil.slice(0, 256) },
    items.hits([middle, "203.0.113.66"], false, chance),
  );
  host.refuse("urgent", evil.slice(0, 512));
}

/** @throws where something that a host wrote became more than text */
async function mustBeText(visitor: {
  run<T>(script: string): Promise<T>;
}): Promise<void> {
  const made = await visitor.run<readonly string[]>(FOREIGN);
  same(made, [], "what a host wrote became a part of the page");
}

/** @throws where the page is wider than its window */
async function mustFit(visitor: {
  run<T>(script: string): Promise<T>;
}): Promise<void> {
  const wide = await visitor.run<readonly string[]>(WIDE);
  same(wide, [], "the page is wider than the window");
}

/** Elements that reach beyond the window, outside of what scrolls. */
const WIDE = `document.documentElement.scrollWidth <= window.innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((it) => it.getBoundingClientRect().right > window.innerWidth)
    .map((it) => it.outerHTML.slice(0, 80)).slice(0, 20)`;

/** Elements and addresses that only what a host wrote could have made. */
const FOREIGN = `[
  ...(window.hostile === undefined ? [] : ["a script ran"]),
  ...[...document.querySelectorAll("#app script, #app iframe, [onerror], [onload], img[src='x']")]
    .map((it) => it.outerHTML.slice(0, 200)),
  ...[...document.querySelectorAll("a[href]")]
    .filter((it) => !["https:", "mailto:"].includes(it.protocol))
    .map((it) => it.outerHTML.slice(0, 200)),
]`;
