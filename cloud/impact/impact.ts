import { randomUUID } from "node:crypto";
import { formatCidr, type Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type {
  ImpactAnswer,
  ImpactQuestion,
} from "../../agent/protocol/messages.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { reportOf, type ImpactReport } from "./report.js";

/** Too many questions of one asker are open at once. */
export class TooManyQuestions extends Error {
  override readonly name = "TooManyQuestions";
}

export interface ImpactPorts {
  readonly clock: Pick<Clock, "sleep">;
}

/** What is asked, by and about whom. */
export interface ImpactOrder {
  /** Whose share of open questions it takes: an org's, the vendor's, or a check's of a feed. */
  readonly share: string;
  readonly feed: FeedName;
  /** At most `limits.impactRanges`, as the protocol has it. */
  readonly ranges: readonly Cidr[];
}

/** Asks all agents that are connected and follow the feed: who was asked. */
export type AskAgents = (
  feed: FeedName,
  question: ImpactQuestion,
) => readonly string[];

/** Asks hosts what a ban would cut on them, before it is published. */
export class Impact {
  readonly #ports: ImpactPorts;
  /** Questions whose answers are awaited, by id. */
  readonly #open = new Map<string, Question>();
  /** Nobody is connected before there is a gateway. */
  #askAgents: AskAgents = () => [];

  constructor(ports: ImpactPorts) {
    this.#ports = ports;
  }

  askThrough(askAgents: AskAgents): void {
    this.#askAgents = askAgents;
  }

  /**
   * Returns once all have answered, or after so many milliseconds.
   * @throws TooManyQuestions
   */
  async ask(
    { share, feed, ranges }: ImpactOrder,
    patienceMs = PATIENCE_MS,
  ): Promise<ImpactReport> {
    this.#mustBeFree(share);
    const id = randomUUID();
    const question = new Question(share);
    this.#open.set(id, question);
    try {
      const text = ranges.map(formatCidr);
      const message = { type: "impact-question", id, ranges: text } as const;
      question.expect(this.#askAgents(feed, message));
      await this.#patience(question, patienceMs);
    } finally {
      this.#open.delete(id);
    }
    return reportOf(question.asked, question.answers);
  }

  /** What nobody asked, or asks no more, is passed over. */
  heard(agent: string, answer: ImpactAnswer): void {
    this.#open.get(answer.id)?.heard(agent, answer);
  }

  /** Shares, so that nobody's questions keep others from asking. */
  #mustBeFree(share: string): void {
    const open = [...this.#open.values()].filter((one) => one.share === share);
    if (open.length < MOST_OPEN) return;
    const many = `${MOST_OPEN} questions are open already; try again`;
    throw new TooManyQuestions(many);
  }

  async #patience(question: Question, ms: number): Promise<void> {
    const over = new AbortController();
    const patience = this.#ports.clock.sleep(ms, over.signal);
    await Promise.race([question.done, patience]);
    over.abort();
    await patience.catch(() => undefined);
  }
}

/** The first answer of each who was asked counts. */
class Question {
  readonly done: Promise<void>;
  readonly answers = new Map<string, ImpactAnswer>();
  #waiting: ReadonlySet<string> = new Set();
  #finish: () => void = () => undefined;

  constructor(readonly share: string) {
    this.done = new Promise((resolve) => (this.#finish = resolve));
  }

  get asked(): number {
    return this.#waiting.size;
  }

  expect(agents: readonly string[]): void {
    this.#waiting = new Set(agents);
    if (agents.length === 0) this.#finish();
  }

  heard(agent: string, answer: ImpactAnswer): void {
    if (!this.#waiting.has(agent) || this.answers.has(agent)) return;
    this.answers.set(agent, answer);
    if (this.answers.size === this.#waiting.size) this.#finish();
  }
}

/** A host that is there answers within a fraction of it, however busy. */
const PATIENCE_MS = 2_000;

/** Of one share. An org's reach its own hosts only, so all together stay few. */
const MOST_OPEN = 8;
