/** Lets one task run at a time, in the order they came. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `task` after all that were given before it, whatever became of them. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(task, task);
    this.#tail = mine.catch(() => undefined);
    return mine;
  }

  /** Resolves once all tasks that were given before have ended. */
  idle(): Promise<void> {
    return this.run(() => Promise.resolve());
  }
}
