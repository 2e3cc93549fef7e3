import fc from "fast-check";
import { askedOf } from "./asked.js";
import type { Asked } from "./request.js";
import { LEAVING, type Member } from "./cast.js";
import { SESSION } from "./signer.js";
import type { Answered } from "./client.js";
import type { Operation } from "./document.js";
import { faultsOf, jsonOf, type Sent } from "./judge.js";
import type { Report } from "./report.js";
import type { Stage } from "./stage.js";

export interface Bounds {
  readonly requests: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Asks for every operation in turn, several at a time, until enough was asked. */
export async function fuzz(
  stage: Stage,
  report: Report,
  bounds: Bounds,
): Promise<void> {
  const deadline = performance.now() + bounds.seconds * 1_000;
  const sources = report.operations.map(
    (operation, index) =>
      new Source(operation, stage, bounds.seed + index * 1_000_003),
  );
  // Before what is bent uses up how often somebody may fail to sign in.
  for (const source of sources) await tryOne(stage, source.best(), report);
  let turn = 0;
  const work = async (): Promise<void> => {
    while (turn < bounds.requests && performance.now() < deadline) {
      const source = sources[turn++ % sources.length]!;
      await tryOne(stage, source.next(), report);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const source of sources) await lastTry(stage, source, report);
}

/** What nobody had carried out by chance, who may do everything asks for again. */
async function lastTry(stage: Stage, source: Source, report: Report) {
  for (let left = LAST_TRIES; left > 0; left--) {
    if (report.wentWell(source.operation)) return;
    await tryOne(stage, source.best(), report);
  }
}

async function tryOne(stage: Stage, sent: Sent, report: Report) {
  const { operation } = sent;
  let answered: Answered;
  try {
    answered = await stage.send(sent);
  } catch (error) {
    const { message } = error as Error;
    report.note(sent, 0, [`no answer: ${message}`]);
    return;
  }
  const { status, text } = answered;
  if (status < 300) stage.pools.learn(operation.path, jsonOf(text));
  report.note(sent, status, faultsOf(sent, answered));
}

/** Requests for one operation, by all who ask in turn. */
class Source {
  readonly operation: Operation;
  readonly #cast: readonly Member[];
  readonly #requests: fc.Arbitrary<Asked>;
  #seed: number;
  #turn: number;
  #left = 0;
  #drawn: Asked[] = [];

  constructor(operation: Operation, stage: Stage, seed: number) {
    this.operation = operation;
    this.#cast = stage.cast;
    this.#requests = askedOf(operation, stage.pools);
    this.#seed = seed;
    this.#turn = seed;
  }

  #draw(): Asked {
    if (this.#drawn.length === 0) {
      const numRuns = DRAWN;
      const seed = this.#seed++;
      this.#drawn = fc.sample(this.#requests, { numRuns, seed });
    }
    return this.#drawn.pop()!;
  }

  next(): Sent {
    const asked = this.#draw();
    const turn = this.#turn++;
    const { operation } = this;
    // Twice as often by those who may do everything, where they may.
    const chosen = turn % (this.#cast.length * 2);
    const favourite = this.#favourite;
    const member = this.#who(this.#cast[chosen] ?? favourite, favourite);
    const often = operation.access?.stepUp === true ? 8 : 2;
    const atSocket = (turn * 7) % 10 < often;
    return { operation, asked, member, atSocket };
  }

  /** As good as one can be. */
  best(): Sent {
    let asked = this.#draw();
    while (asked.kind !== "good") asked = this.#draw();
    const { operation } = this;
    return { operation, asked, member: this.#favourite, atSocket: true };
  }

  get #favourite(): Member {
    return this.#cast.find(({ name }) => name === "vendor admin")!;
  }

  /** Who stays signs neither out nor in anew, and who leaves does nothing else. */
  #who(chosen: Member, otherwise: Member): Member {
    if (chosen.isSession !== true) return chosen;
    const { method, path } = this.operation;
    const isEnd = path === SESSION && method === "DELETE";
    if (chosen.name !== LEAVING) {
      return path.startsWith(SESSION) && method !== "GET" ? otherwise : chosen;
    }
    return isEnd && this.#left++ < chosen.shown.length ? chosen : otherwise;
  }
}

const AT_ONCE = 6;
const LAST_TRIES = 400;

/** Drawn at a time: what was learned meanwhile goes into the next ones. */
const DRAWN = 12;
