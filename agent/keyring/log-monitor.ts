import type { AgentEvents } from "../events/events.js";
import type { HealthCode } from "../health/catalogue.js";
import type { Findings } from "../health/health.js";
import {
  MOST_LOGS,
  type KeptTreeFork,
  type KeptTreeHead,
  type TreeHeads,
} from "../ledger/tree-heads.js";
import { growsFrom } from "../protocol/merkle-proof.js";
import { Refused } from "../protocol/refusals.js";
import { originsOf, type TreeHeadAnswer } from "../protocol/tree-head.js";
import type { BanClock } from "../runtime/clock.js";
import { isoTime } from "../text/time.js";
import { CLOCK_SKEW_MS } from "../trust/freshness.js";
import { verifyTreeHead, type TreeHead } from "../trust/tree-head.js";
import type { RootStore } from "./root-store.js";

export interface LogMonitorPorts {
  /** What the cloud is called. */
  readonly cloud: string;
  readonly roots: Pick<RootStore, "current">;
  readonly clock: Pick<BanClock, "now" | "monotonic">;
  readonly kept: Pick<TreeHeads, "all" | "forks" | "put" | "putFork">;
  readonly events: Pick<
    AgentEvents,
    "logBegun" | "logForked" | "treeHeadRefused" | "treeHeadNotKept"
  >;
}

/** Asks for a head, and that it grew from a tree of this size. */
export type AskForHead = (from: number) => Promise<TreeHeadAnswer>;

/** What is known of the cloud's log, for who asks. */
export interface LogSight {
  readonly head: KeptTreeHead | undefined;
  readonly fork: KeptTreeFork | undefined;
}

/**
 * Watches whether the log of all that the cloud ever decided only grows, by
 * PROTOCOL.md, What a tree head is held against. Whatever contradicts what was kept
 * changes nothing of it, is kept beside it, and is told.
 */
export class LogMonitor {
  readonly #ports: LogMonitorPorts;
  readonly #heads = new Map<string, KeptTreeHead>();
  #current: KeptTreeHead | undefined;
  #fork: KeptTreeFork | undefined;
  /** By the clock that never jumps. */
  #lookedAt: number | undefined;
  /** When the cloud was reached first, in this run. */
  #linkedAt: number | undefined;

  constructor(ports: LogMonitorPorts) {
    this.#ports = ports;
    for (const head of ports.kept.all()) {
      this.#heads.set(head.origin, head);
      this.#current = head;
    }
    this.#fork = ports.kept.forks().at(-1);
  }

  get sight(): LogSight {
    return { head: this.#current, fork: this.#fork };
  }

  /** Whether the root says who may sign heads of a log. */
  get canCheck(): boolean {
    return this.#ports.roots.current.document.roles.log !== undefined;
  }

  /** The cloud was reached: whoever never reaches one misses no log of it. */
  linked(): void {
    this.#linkedAt ??= this.#ports.clock.now();
  }

  /** Milliseconds until the next look is due. */
  get dueInMs(): number {
    if (this.#lookedAt === undefined) {
      const good = this.#current?.good ?? 0;
      const since = this.#ports.clock.now() - good;
      return since < 0 ? 0 : Math.max(0, LOOK_EVERY_MS - since);
    }
    const since = this.#ports.clock.monotonic() - this.#lookedAt;
    return Math.max(0, LOOK_EVERY_MS - since);
  }

  /** Asks where the log stands, and holds it against what was kept. */
  async look(ask: AskForHead): Promise<void> {
    this.#lookedAt = this.#ports.clock.monotonic();
    try {
      const before = this.#current;
      let answer = await ask(before?.size ?? 0);
      let head = this.#verify(answer);
      const known = this.#heads.get(head.origin);
      if (known !== undefined && known !== before) {
        // Another log than the last, and known as well: it must have grown, too.
        answer = await ask(known.size);
        head = this.#verify(answer);
      }
      this.#hold(head, answer);
    } catch (error) {
      this.#ports.events.treeHeadRefused(error);
    }
  }

  /** In the catalogue's words. */
  findings(): Findings {
    const found = new Map<HealthCode, string>();
    const now = this.#ports.clock.now();
    const fork = this.#fork;
    if (fork !== undefined && now - fork.at < FORK_TOLD_MS) {
      const { origin, what, at } = fork;
      found.set("log-forked", `${origin}: ${what}, at ${isoTime(at)}`);
    }
    if (!this.canCheck) return found;
    const good = this.#current?.good;
    const since = good ?? this.#linkedAt;
    if (since === undefined || now - since <= UNPROVEN_AFTER_MS) return found;
    const last = good === undefined ? "never" : isoTime(good);
    found.set("log-unproven", `the last good head of its log came: ${last}`);
    return found;
  }

  /** @throws Refused or Malformed */
  #verify({ checkpoint }: TreeHeadAnswer): TreeHead {
    const { roots, cloud, clock } = this.#ports;
    const head = verifyTreeHead(checkpoint, roots.current); // step 1
    if (!head.origin.startsWith(originsOf(cloud))) {
      throw new Refused("implausible", `${head.origin} is no log of ${cloud}`); // step 2
    }
    if (head.time * 1000 > clock.now() + CLOCK_SKEW_MS) {
      const date = isoTime(head.time * 1000);
      throw new Refused("implausible", `the head is dated ahead, ${date}`); // step 3
    }
    return head;
  }

  #hold(head: TreeHead, { checkpoint, proof }: TreeHeadAnswer): void {
    const known = this.#heads.get(head.origin);
    if (known !== undefined) {
      if (head.time < known.time) {
        throw new Refused("replayed", "the head is older than one before it"); // step 4
      }
      const what = contradiction(known, head, proof); // steps 5 and 6
      if (what !== undefined) return this.#forked(head, checkpoint, what);
    }
    const now = this.#now;
    const { origin, size, root, time } = head;
    const begun = known?.begun ?? now;
    const good = Math.min(now, time * 1000);
    this.#keep({ origin, size, root, time, checkpoint, begun, good });
  }

  /** Whole milliseconds, as they are kept. */
  get #now(): number {
    return Math.floor(this.#ports.clock.now());
  }

  #keep(head: KeptTreeHead): void {
    const { events, kept } = this.#ports;
    const before = this.#current;
    const isNew = !this.#heads.has(head.origin);
    this.#heads.delete(head.origin);
    this.#heads.set(head.origin, head);
    const [oldest] = this.#heads.keys();
    if (oldest !== undefined && this.#heads.size > MOST_LOGS) {
      this.#heads.delete(oldest);
    }
    this.#current = head;
    if (isNew) events.logBegun(head.origin, head.size, before?.origin);
    try {
      kept.put(head);
    } catch (error) {
      events.treeHeadNotKept(error);
    }
  }

  #forked({ origin }: TreeHead, checkpoint: string, what: string): void {
    const { events, kept } = this.#ports;
    this.#fork = { origin, what, checkpoint, at: this.#now };
    events.logForked(origin, what);
    try {
      kept.putFork(this.#fork);
    } catch (error) {
      events.treeHeadNotKept(error);
    }
  }
}

/** Why the head cannot be of the log that was kept; undefined: it grew from it. */
function contradiction(
  known: KeptTreeHead,
  head: TreeHead,
  proof: TreeHeadAnswer["proof"],
): string | undefined {
  if (head.size < known.size) {
    return `it had ${known.size} leaves, and is said to have ${head.size}`;
  }
  const grew = growsFrom({
    before: known,
    after: head,
    proof: proof.map((hash) => Buffer.from(hash, "base64url")),
  });
  if (grew) return undefined;
  if (head.size > known.size) {
    return `nothing shows that its ${head.size} leaves begin with the ${known.size} that it had`;
  }
  const [was, is] = [known.root, head.root].map((root) =>
    Buffer.from(root).toString("hex"),
  );
  return `at ${head.size} leaves its root was ${was}, and is said to be ${is}`;
}

const LOOK_EVERY_MS = 3_600_000;

/** A day in which hosts may be off, or the cloud, and two hours. */
const UNPROVEN_AFTER_MS = 26 * 3_600_000;

/** For so long a fork is told, unless it is seen again. */
const FORK_TOLD_MS = 30 * 86_400_000;
