import { setTimeout as wait } from "node:timers/promises";
import type { Lively } from "../demonstration/lively.js";
import { Busy } from "./busy.js";
import { holds, type Checks } from "./checks.js";
import { heldBy, type Held } from "./growth.js";
import { Stage } from "./stage.js";
import type { Visitor } from "./visitor.js";

const NAME = "open for long: memory";

/** Rows of the list that is scrolled through. */
const BANS = 50_000;

/** By how much a page's heap may differ from what it was once it was warm. */
const MOST_CHANGE = 0.1;

/**
 * Trees of nodes that are out of the page and not let go of: Preact holds what a
 * component drew first until its parent draws again, and no more than that.
 */
const MOST_DETACHED = 50;

/** Of what the cloud took, a page hears at least this part. */
const LEAST_HEARD = 0.9;

/**
 * Two people leave the console open for minutes, at 200 news a second or as many as
 * the machine manages: one looks at Now, and one scrolls through bans and comes back
 * to Now each minute. What their pages hold after a collection stays as it was once
 * they were warm: after ten minutes, or half the time where it is shorter.
 */
export async function openForLong(
  checks: Checks,
  options: { readonly minutes: number; readonly seed: number },
): Promise<void> {
  if (options.minutes === 0 || !checks.wants(NAME)) return;
  await using stage = await Stage.open({
    ...{ hosts: 40, seed: options.seed, areAllWell: true },
    ...{ perSecond: 20, attackEveryS: 20 },
  });
  checks.watch(stage.browser);
  await checks.run(NAME, () => new Soak(stage, options.minutes).run());
}

/** What is known of one page, minute by minute. */
interface Watched {
  readonly who: string;
  readonly visitor: Visitor;
  readonly held: Held[];
}

class Soak {
  readonly #stage: Stage;
  readonly #minutes: number;
  #heard = 0;

  constructor(stage: Stage, minutes: number) {
    this.#stage = stage;
    this.#minutes = minutes;
  }

  async run(): Promise<void> {
    const { lively } = this.#stage;
    await importMany(lively);
    const looker = await this.#comesIn("ann", "/");
    const scroller = await this.#comesIn("bob", "/bans");
    await using busy = await Busy.begin(lively);
    const begun = performance.now();
    await scroller.visitor.page.locator(".long-box").waitFor();
    for (let minute = 1; minute <= this.#minutes; minute++) {
      await scrollFor(scroller.visitor, 45_000);
      await scroller.visitor.moveTo("/");
      await wait(begun + minute * 60_000 - performance.now());
      for (const each of [looker, scroller]) {
        each.held.push(await heldBy(each.visitor));
      }
      say(minute, [looker, scroller]);
      await scroller.visitor.moveTo("/bans");
    }
    const perSecond = this.#heard / ((performance.now() - begun) / 1_000);
    process.stdout.write(
      `        ${perSecond.toFixed(0)} news a second came to each page; ` +
        `${busy.made} changes were taken, ${busy.refused} refused\n`,
    );
    holds(
      this.#heard >= LEAST_HEARD * busy.made,
      `${busy.made} changes were taken, and ${this.#heard} came to a page`,
    );
    for (const each of [looker, scroller]) {
      staysAsItWas(each, Math.min(10, Math.ceil(this.#minutes / 2)));
    }
  }

  async #comesIn(who: "ann" | "bob", view: string): Promise<Watched> {
    const { browser, lively } = this.#stage;
    const visitor = await browser.visitor();
    if (who === "ann") this.#listenTo(visitor);
    await visitor.goTo(view);
    await visitor.signIn(who, lively.people[who].password);
    await visitor.settled();
    return { who, visitor, held: [] };
  }

  /** Counts what the stream brings. */
  #listenTo({ page }: Visitor): void {
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        const { items } = JSON.parse(String(payload)) as { items: unknown[] };
        this.#heard += items.length;
      }),
    );
  }
}

async function importMany({ cloud, people }: Lively): Promise<void> {
  const nets = Array.from(
    { length: BANS },
    (_, nth) => `2001:db8:4000:${nth.toString(16)}::/64`,
  );
  const about = { list: "many", for: "7d", reason: "a list to scroll through" };
  const query = new URLSearchParams(about).toString();
  const path = `/api/v1/imports?${query}`;
  await cloud.api("POST", path, nets.join("\n"), people.ann.token);
}

/** Now a screen on, now somewhere else, as a script does: ten times a second. */
async function scrollFor(visitor: Visitor, forMs: number): Promise<void> {
  const until = performance.now() + forMs;
  for (let step = 1; performance.now() < until; step++) {
    const top =
      step % 20 === 0
        ? `Math.random() * box.scrollHeight`
        : `box.scrollTop + 600`;
    await visitor.run(
      `(() => {
        const box = document.querySelector(".long-box");
        if (box === null) throw new Error("there is no list to scroll");
        box.scrollTop = ${top};
      })()`,
    );
    await wait(100);
  }
}

function say(minute: number, watched: readonly Watched[]): void {
  const told = watched.map(({ who, held }) => {
    const { heap, nodes, detached, listeners } = held.at(-1)!;
    const mb = (heap / 1_000_000).toFixed(2);
    return `${who} ${mb} MB, ${nodes} nodes (${detached} detached), ${listeners} listeners`;
  });
  process.stdout.write(`        minute ${minute}: ${told.join("; ")}\n`);
}

function staysAsItWas({ who, held }: Watched, warmMinutes: number): void {
  const warm = held.slice(warmMinutes - 1);
  const [first] = warm;
  for (const [nth, { heap, detached }] of warm.entries()) {
    const change = heap / first!.heap - 1;
    const when = `${who}'s page, minute ${warmMinutes + nth}`;
    const percent = `${(change * 100).toFixed(1)} %`;
    holds(
      Math.abs(change) <= MOST_CHANGE,
      `${when}: the heap is ${percent} off`,
    );
    holds(detached <= MOST_DETACHED, `${when}: ${detached} detached trees`);
  }
}
