import { failed } from "../../agent/text/failure.js";
import { coveragePage, type CoverageItem } from "./ask-coverage.js";
import { agentsOf, type AgentItem } from "./ask-hosts.js";
import type { Client } from "./client.js";
import type { LiveEnd } from "./live-socket.js";
import { newsText, type LiveItem, type LiveTold } from "./told-news.js";
import { tookText } from "./told-coverage.js";
import { counted, grouped } from "./words.js";

/** Where what is seen goes, one item at a time. */
export interface Seeing {
  news(item: LiveItem, text: string): void;
  coverage(item: CoverageItem, text: string): void;
  health(host: AgentItem | undefined, text: string): void;
  /** What is about the watch itself. */
  note(text: string): void;
}

/** Follows a cloud: what is decided, who comes to hold it, and how hosts are. */
export class Watch {
  readonly #client: Client;
  readonly #see: Seeing;
  readonly #stop: AbortSignal;
  /** Decisions that fill up, and what was said of them last. */
  readonly #filling = new Map<string, Filling>();
  #hosts: ReadonlyMap<string, Unwell> | undefined;
  /** How many decisions were heard of, and how long to the next look at them. */
  #heard = 0;
  #fillEveryMs = FILL_EVERY_MS;
  #position: number | undefined;

  constructor(client: Client, see: Seeing, stop: AbortSignal) {
    this.#client = client;
    this.#see = see;
    this.#stop = stop;
  }

  /**
   * Until it is stopped.
   * @throws Failure when one may not listen, or nobody answers at the beginning
   */
  async run(): Promise<void> {
    const looks = [
      this.#again(() => this.#fill()),
      this.#again(() => this.#look()),
    ];
    await this.#follow();
    await Promise.all(looks);
  }

  async #follow(): Promise<void> {
    for (let isFirst = true; !this.#isOver(); isFirst = false) {
      let isHeard = false;
      const line = await this.#client.live(this.#position, (text) => {
        isHeard = true;
        this.#hear(JSON.parse(text) as LiveTold);
      });
      const close = () => line.close();
      this.#stop.addEventListener("abort", close);
      const end = await line.over;
      this.#stop.removeEventListener("abort", close);
      if (this.#isOver()) return;
      mayGoOn(end, isFirst && !isHeard);
      this.#see.note("the connection was lost; it is tried again");
      await pause(AGAIN_MS, this.#stop);
    }
  }

  #isOver(): boolean {
    return this.#stop.aborted;
  }

  #hear({ position, items }: LiveTold): void {
    this.#position = position;
    for (const item of items) {
      const { news } = item;
      this.#see.news(item, newsText(news));
      if (news.kind !== "decided") continue;
      const nth = this.#heard++;
      this.#filling.set(news.decision, { nth, since: Date.now(), said: "" });
      this.#fillEveryMs = FILL_EVERY_MS;
    }
  }

  /**
   * Says how far decisions have come to hosts, where that has changed. Many hosts
   * take the cloud a while to look through: what stays as it is waits longer.
   * @returns how long to wait until the next look
   */
  async #fill(): Promise<number> {
    // What was displaced by newer decisions is told by `coverage`.
    const displaced = [...this.#filling.keys()].slice(0, -MOST_FILLING);
    for (const decision of displaced) this.#filling.delete(decision);
    const [oldest] = this.#filling.values();
    if (oldest === undefined) return FILL_EVERY_MS;
    const asked = Date.now();
    const limit = String(Math.min(this.#heard - oldest.nth, MOST_ASKED));
    const { items } = await coveragePage(this.#client, { limit });
    this.#fillEveryMs = this.#tellOf(items)
      ? FILL_EVERY_MS
      : Math.min(2 * this.#fillEveryMs, FILL_SELDOM_MS);
    return Math.max(this.#fillEveryMs, 5 * (Date.now() - asked));
  }

  /** Whether there was anything new. */
  #tellOf(items: readonly CoverageItem[]): boolean {
    const now = Date.now();
    let isNew = false;
    for (const item of items) {
      const known = this.#filling.get(item.decision.decision);
      if (known === undefined) continue;
      const isOver = item.missing === 0 || now - known.since > FILLS_FOR_MS;
      const said = fillText(item, isOver);
      if (said !== known.said) {
        isNew = true;
        this.#see.coverage(item, said);
      }
      known.said = said;
      if (isOver) this.#filling.delete(item.decision.decision);
    }
    return isNew;
  }

  /** Says of which hosts something changed; at first only how many there are. */
  async #look(): Promise<number> {
    const [offline, unhealthy] = await Promise.all([
      agentsOf(this.#client, { state: "offline" }),
      agentsOf(this.#client, { unhealthy: "true", state: "online" }),
    ]);
    const before = this.#hosts;
    const now = new Map(
      [...offline, ...unhealthy].map((host) => [host.id, unwell(host)]),
    );
    this.#hosts = now;
    if (before === undefined) {
      const bad = `${grouped(unhealthy.length)} with something wrong`;
      const sum = `${counted(offline.length, "host")} offline, ${bad}`;
      this.#see.health(undefined, sum);
      return HEALTH_EVERY_MS;
    }
    for (const [id, { host, text }] of now) {
      if (before.get(id)?.text !== text) this.#see.health(host, text);
    }
    for (const [id, { host }] of before) {
      if (!now.has(id)) this.#see.health(host, `${nameOf(host)} is well again`);
    }
    return HEALTH_EVERY_MS;
  }

  /** A look that fails is tried again: the cloud may be starting anew. */
  async #again(look: () => Promise<number>): Promise<void> {
    while (!this.#stop.aborted) {
      const ms = await look().catch(() => HEALTH_EVERY_MS);
      await pause(ms, this.#stop);
    }
  }
}

interface Filling {
  /** Which of the decisions that were heard of. */
  readonly nth: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  said: string;
}

interface Unwell {
  readonly host: AgentItem;
  readonly text: string;
}

function fillText(item: CoverageItem, isOver: boolean): string {
  const { decision, holding, must, missing, times } = item;
  const after = times === null ? "" : ` after ${tookText(times.max)}`;
  const held = `${decision.decision} held by ${grouped(holding)} of ${counted(must, "host")}${after}`;
  if (missing === 0) {
    const others = must - holding;
    return others === 0 ? held : `${held}; ${grouped(others)} say they do not`;
  }
  const names = isOver ? `; "coverage ${decision.decision}" names them` : "";
  return `${held}; ${grouped(missing)} missing${names}`;
}

function unwell(host: AgentItem): Unwell {
  const name = nameOf(host);
  if (host.state === "offline") return { host, text: `${name} is offline` };
  const conditions = (host.report?.health ?? []).map(
    ({ code, text }) => `${code}: ${text}`,
  );
  const clones = host.cloned > 0 ? ["cloned (see clones)"] : [];
  const what = [...clones, ...conditions].join("; ");
  return { host, text: `${name}: ${what === "" ? "see agents" : what}` };
}

const nameOf = ({ hostname, org }: AgentItem): string => `${hostname} (${org})`;

/** @throws Failure when it makes no sense to come again */
function mayGoOn({ code, status, error }: LiveEnd, isFirst: boolean): void {
  if (status === 401 || code === NOT_KNOWN) {
    throw failed("you may not listen any more: sign in, or see your token");
  }
  if (status === 403) throw failed("your role may not listen");
  if (code === NO_SUCH_POSITION) {
    throw failed("the cloud's log is not that far: was it restored?");
  }
  if (!isFirst) return;
  const why = status === undefined ? String(error) : `status ${status}`;
  throw failed(`the cloud tells nothing: ${why}`);
}

/** As the stream closes. */
const NOT_KNOWN = 4401;
const NO_SUCH_POSITION = 4404;

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => {
    const over = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    stop.addEventListener("abort", over);
  });
}

const FILL_EVERY_MS = 500;
const FILL_SELDOM_MS = 5_000;
const HEALTH_EVERY_MS = 2_000;
const AGAIN_MS = 1_000;

/** Decisions whose coverage is followed at a time, and for how long. */
const MOST_FILLING = 20;
const FILLS_FOR_MS = 60_000;

/** What one page of coverage has at most. */
const MOST_ASKED = 100;
