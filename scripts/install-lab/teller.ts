/** Tells what was checked as it is checked, and counts. */
export class Teller {
  #passed = 0;
  #failed = 0;

  scene(title: string): void {
    process.stdout.write(`\n${title}\n`);
  }

  /** A figure, or what explains a failure. */
  say(line: string): void {
    process.stdout.write(`    ${line}\n`);
  }

  check(claim: string, holds: boolean): void {
    if (holds) this.#passed += 1;
    else this.#failed += 1;
    process.stdout.write(`  ${holds ? "✓" : "✗ FAILED:"} ${claim}\n`);
  }

  get passed(): number {
    return this.#passed;
  }

  get failed(): number {
    return this.#failed;
  }
}
