import { stripVTControlCharacters } from "node:util";

/** Says of each thing that is looked at whether it holds, and counts. */
export class Checks {
  #passed = 0;
  readonly #failed: string[] = [];
  readonly #only: string;
  #watched: Watched | undefined;

  /** @param only names of checks that are run have it in them */
  constructor(only: string) {
    this.#only = only;
  }

  /** What goes wrong there without a check's seeing it fails that check. */
  watch(browser: Watched): void {
    this.#watched = browser;
  }

  wants(name: string): boolean {
    return name.includes(this.#only);
  }

  /** Each goes on from the one before: what comes after a failure fails. */
  async runInTurn(
    steps: readonly (readonly [string, () => Promise<void>])[],
  ): Promise<void> {
    let isGoing = true;
    for (const [name, step] of steps) {
      const stuck = () => Promise.reject(new Error("the step before failed"));
      isGoing = await this.run(name, isGoing ? step : stuck);
    }
  }

  /** @returns whether it holds, or is left out */
  async run(name: string, check: () => Promise<void>): Promise<boolean> {
    if (!this.wants(name)) return true;
    const begun = performance.now();
    const wrong: string[] = [];
    try {
      await check();
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      wrong.push(stripVTControlCharacters(said).trim());
    }
    wrong.push(...(this.#watched?.faults() ?? []));
    const took = `${((performance.now() - begun) / 1_000).toFixed(1)} s`;
    process.stdout.write(
      `${wrong.length === 0 ? "ok    " : "FAILED"}  ${name} (${took})\n`,
    );
    for (const line of wrong.slice(0, MOST_LINES)) {
      process.stdout.write(`        ${line.replaceAll("\n", "\n        ")}\n`);
    }
    if (wrong.length === 0) this.#passed += 1;
    else this.#failed.push(name);
    return wrong.length === 0;
  }

  /** "N passed, N failed", behind the names of those that failed. */
  get summary(): string {
    const failed = this.#failed.map((name) => `FAILED  ${name}\n`).join("");
    return `${failed}${this.#passed} passed, ${this.#failed.length} failed`;
  }

  get hold(): boolean {
    return this.#failed.length === 0 && this.#passed > 0;
  }
}

interface Watched {
  /** What went wrong since it was asked last. */
  faults(): readonly string[];
}

const MOST_LINES = 12;

/** @throws with both, where they differ */
export function same(found: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a}, and not ${b}`);
}

/** @throws unless it is so */
export function holds(is: boolean, what: string): void {
  if (!is) throw new Error(what);
}
