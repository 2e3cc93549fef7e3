import cron from "node-cron";

/**
 * Runs `task` at the times of a cron expression (seconds first) until disposed.
 * A run that is still going when the next is due makes that one be skipped.
 */
export function schedule(
  expression: string,
  name: string,
  task: () => Promise<void>,
): Disposable {
  const job = cron.schedule(expression, task, { name, noOverlap: true });
  return { [Symbol.dispose]: () => void job.destroy() };
}
