/** Tells what happens as it happens, and remembers what did not go as it should. */
export class Teller {
  #scenes = 0;
  readonly #failures: string[] = [];

  scene(title: string): void {
    this.#scenes += 1;
    process.stdout.write(`\n${this.#scenes}. ${title}\n`);
  }

  say(line: string): void {
    process.stdout.write(`   ${line}\n`);
  }

  /** A claim that was checked just now. */
  check(claim: string, holds: boolean): void {
    process.stdout.write(`   ${holds ? "✓" : "✗ FAILED:"} ${claim}\n`);
    if (!holds) this.#failures.push(claim);
  }

  get failures(): readonly string[] {
    return this.#failures;
  }
}
