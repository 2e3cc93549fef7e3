/** When something recurs. */
export interface Rhythm {
  readonly everyMs: number;
  /** Until the first time; `everyMs` unless given. */
  readonly firstMs?: number;
}

/**
 * Runs `task` in a rhythm until disposed, by time that passes and not by the wall
 * clock: one that is set back would have everything wait, and one that is set
 * forward would have all that it skipped be gone through. A run that is still
 * going when the next is due makes that one be skipped. Tasks tell of their own
 * failures. Does not keep a process alive.
 */
export function schedule(
  { everyMs, firstMs = everyMs }: Rhythm,
  task: () => Promise<void>,
): Disposable {
  let timer = setTimeout(begin, firstMs).unref();
  let isRunning = false;

  function begin(): void {
    timer = setInterval(run, everyMs).unref();
    run();
  }

  function run(): void {
    if (isRunning) return;
    isRunning = true;
    const over = () => {
      isRunning = false;
    };
    task().then(over, over);
  }

  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
