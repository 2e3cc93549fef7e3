import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseListedCidr } from "../../agent/model/cidr.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { median } from "../bench/report.js";
import { Lab, type LabCloud, type LabHost } from "../lab/lab.js";
import { until } from "../lab/run.js";
import type { Churn, Step } from "./churn.js";
import { randomFrom } from "./random.js";

export interface KillOptions {
  readonly churn: Churn;
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface KillResult {
  readonly ok: boolean;
  readonly summary: string;
}

/**
 * Kills the agent with -9 at random moments while changes are pushed to it, and
 * after each restart holds its kernel and its ledger against what the cloud was
 * told: every range that must be dropped is, and no other that ever was.
 */
export async function killAndCompare(
  options: KillOptions,
): Promise<KillResult> {
  const { churn, kills, seed, say } = options;
  const random = randomFrom(seed);
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: CLOUD_PORT });
  const truth = new Truth();
  const list = churn.base.join("\n");
  await cloud.api("POST", "/api/v1/imports?for=1d&reason=churn", list);
  truth.apply({ add: churn.base, del: [] });
  const host = await lab.startHost(cloud, "host", {
    config: { safeMode: { starts: 0 } },
  });
  await using enforcer = await openNftables(systemBanClock);
  const pusher = new Pusher(cloud, churn, truth);
  await agreed({ cloud, host, enforcer, truth }, "everything");
  say(`${truth.size} ranges are in force; seed ${seed}`);

  const recoveries: number[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const pushing = pusher.pushFor(random() * LONGEST_LIFE_MS);
    await systemClock.sleep(random() * LONGEST_LIFE_MS);
    host.process?.kill("SIGKILL");
    await Promise.all([host.process?.ended, pushing]);
    const start = performance.now();
    await lab.startAgent(host);
    const whole = kill % WHOLE_EVERY === 0 || kill === kills;
    await agreed(
      { cloud, host, enforcer, truth },
      whole ? "everything" : "what changed",
    );
    recoveries.push(performance.now() - start);
    if (kill % 20 === 0) say(`${kill} kills, ${pusher.pushed} changes pushed`);
  }
  await enforcer.cleanUp();
  return {
    ok: true,
    summary: `${kills} kills while ${pusher.pushed} changes were pushed: kernel, ledger and cloud agreed after each; back and equal after ${median(recoveries).toFixed(0)} ms (median), ${Math.max(...recoveries).toFixed(0)} ms at most`,
  };
}

const CLOUD_PORT = 18_446;
const LONGEST_LIFE_MS = 400;

/** Every range that ever was is looked up each so many kills, and at the end. */
const WHOLE_EVERY = 10;

/** What the cloud was told, range by range. */
class Truth {
  readonly #banned = new Set<string>();
  readonly #ever = new Set<string>();
  #changed = new Set<string>();

  apply({ add, del }: Step): void {
    for (const range of del) this.#banned.delete(range);
    for (const range of add) this.#banned.add(range);
    for (const range of [...add, ...del]) {
      this.#ever.add(range);
      this.#changed.add(range);
    }
  }

  get size(): number {
    return this.#banned.size;
  }

  isBanned(range: string): boolean {
    return this.#banned.has(range);
  }

  /** Ranges to look up: all that ever were, or those touched since last asked. */
  take(which: "everything" | "what changed"): readonly string[] {
    const changed = this.#changed;
    this.#changed = new Set();
    return [...(which === "everything" ? this.#ever : changed)];
  }
}

/** Pushes the churn, over and over: a list that changed back is churn as well. */
class Pusher {
  readonly #steps: readonly Step[];
  #next = 0;
  pushed = 0;

  constructor(
    private readonly cloud: LabCloud,
    churn: Churn,
    private readonly truth: Truth,
  ) {
    const back = churn.steps
      .map(({ add, del }) => ({ add: del, del: add }))
      .reverse();
    this.#steps = [...churn.steps, ...back];
  }

  async pushFor(ms: number): Promise<void> {
    const end = performance.now() + ms;
    do {
      const step = this.#steps[this.#next++ % this.#steps.length];
      if (step !== undefined) await this.#push(step);
    } while (performance.now() < end);
  }

  async #push(step: Step): Promise<void> {
    const common = { feed: "reputation" };
    if (step.del.length > 0) {
      const order = { ...common, ranges: step.del };
      await this.cloud.api("POST", "/api/v1/lifts", order);
    }
    if (step.add.length > 0) {
      const order = { ...common, ranges: step.add, for: "1d", reason: "churn" };
      await this.cloud.api("POST", "/api/v1/bans", order);
    }
    this.truth.apply(step);
    this.pushed += step.add.length + step.del.length;
  }
}

interface Parties {
  readonly cloud: LabCloud;
  readonly host: LabHost;
  readonly enforcer: Enforcer;
  readonly truth: Truth;
}

/** @throws Error naming the first range on which somebody disagrees */
async function agreed(
  { cloud, host, enforcer, truth }: Parties,
  which: "everything" | "what changed",
): Promise<void> {
  const { items } = await cloud.api<Feeds>("GET", "/api/v1/feeds");
  const wanted = items.find(({ feed }) => feed === "reputation")?.offset;
  const status = await until(
    "the agent stands where the cloud does",
    async () => {
      const found = await host.status();
      const at = found.feeds.find(({ feed }) => feed === "reputation");
      return found.enforcing && at?.offset === wanted ? found : undefined;
    },
  );
  const counted = status.feeds.find(({ feed }) => feed === "reputation");
  const inLedger = (counted?.bans ?? 0) + (counted?.held ?? 0);
  if (inLedger !== truth.size) {
    throw new Error(`the ledger has ${inLedger} bans, the cloud ${truth.size}`);
  }
  await enforcer.read(); // the agent may have made sets since
  const ranges = truth.take(which);
  const inKernel = await enforcer.hasBan(ranges.map(parseListedCidr));
  const wrong = ranges.filter(
    (range, i) => truth.isBanned(range) !== inKernel[i],
  );
  const held = wrong.length > 0 ? await heldByGuard(host) : new Set();
  const [range] = wrong.filter((each) => !held.has(each));
  if (range === undefined) return;
  throw new Error(
    `the kernel ${truth.isBanned(range) ? "does not drop" : "still drops"} ${range}`,
  );
}

async function heldByGuard(host: LabHost): Promise<ReadonlySet<unknown>> {
  const held = await host.ask<readonly { range: string }[]>(
    "/v1/bans?held&limit=1000",
  );
  return new Set(held.map(({ range }) => range));
}

interface Feeds {
  readonly items: readonly { readonly feed: string; readonly offset: number }[];
}
