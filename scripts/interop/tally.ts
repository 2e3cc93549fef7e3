import type { Case } from "./case.js";
import type { Pair } from "./pair.js";
import { Stage } from "./stage.js";

/** Tries cases, tells each as it is tried, and counts. */
export class Tally {
  #passed = 0;
  #failed = 0;

  get passed(): number {
    return this.#passed;
  }

  get failed(): number {
    return this.#failed;
  }

  /** All of them on one stage, in turn. */
  async tryAll(
    title: string,
    pair: Pair,
    cases: readonly Case[],
  ): Promise<void> {
    process.stdout.write(`\n${title}\n`);
    try {
      await using stage = await Stage.open(pair);
      for (const each of cases) await this.#try(each, stage);
    } catch (error) {
      this.#tell("the stage is set, and cleared", error);
    }
  }

  async #try({ name, holds }: Case, stage: Stage): Promise<void> {
    const begun = performance.now();
    try {
      await holds(stage);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      this.#passed++;
      process.stdout.write(`  ✓ ${name} (${seconds} s)\n`);
    } catch (error) {
      this.#tell(name, error);
    }
  }

  #tell(name: string, error: unknown): void {
    this.#failed++;
    process.stdout.write(`  ✗ FAILED: ${name}\n`);
    process.stdout.write(`      ${(error as Error).message}\n`);
  }
}
