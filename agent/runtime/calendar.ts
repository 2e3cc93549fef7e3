import cron from "node-cron";
import type { Clock } from "./clock.js";

/**
 * Runs `task` at the times of a cron expression (minutes first) until disposed:
 * for what belongs to a time of the day or the hour. A run that is still going
 * when the next is due makes that one be skipped. Tasks tell of their own
 * failures. What must never wait is `schedule`'s: a wall clock that is set back
 * has a cron wait for the time that it saw already, and one that is set forward
 * has it go through all that it skipped. So its times are found anew as soon as
 * the wall clock is seen to have jumped.
 */
export function calendar(
  expression: string,
  task: () => Promise<void>,
  clock: Pick<Clock, "now" | "monotonic" | "every">,
): Disposable {
  const options = { noOverlap: true, suppressMissedWarning: true };
  const job = cron.schedule(expression, task, options);
  let offset = clock.now() - clock.monotonic();
  const watch = clock.every(LOOK_EVERY_MS, () => {
    const before = offset;
    offset = clock.now() - clock.monotonic();
    if (Math.abs(offset - before) < A_JUMP_MS) return;
    void job.stop();
    void job.start();
  });
  return {
    [Symbol.dispose]() {
      watch[Symbol.dispose]();
      void job.destroy();
    },
  };
}

/** With what else looks every 15 seconds, so that a processor wakes no more often. */
const LOOK_EVERY_MS = 15_000;

/** More than clocks that are steered towards the right time ever do between two looks. */
const A_JUMP_MS = 5_000;
