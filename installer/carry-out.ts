import { failed } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";
import type { Host } from "./host.js";
import type { Step } from "./step.js";

/** Prints one line for the person who installs. */
export type Say = (line: string) => void;

/**
 * Does what is left to do, step by step. Run again after an interruption it
 * goes on where the host stands.
 * @throws Failure that names the step; what was done before it stays
 */
export async function install(
  plan: readonly Step[],
  host: Host,
  say: Say,
): Promise<void> {
  for (const step of plan) {
    await told(step, async () => {
      if (await step.isDone(host)) {
        say(`  ${step.name}: unchanged`);
        return;
      }
      say(`  ${step.name}: ${step.describe()}`);
      await step.do(host);
      const told = step.told?.() ?? "";
      for (const line of told.split("\n").filter(Boolean)) say(`    ${line}`);
      if (!(await step.isDone(host))) {
        throw failed("it was done, and yet the host is not as it should be");
      }
    });
  }
}

/** What an installation would do now. Changes nothing. */
export async function dryRun(
  plan: readonly Step[],
  host: Host,
  say: Say,
): Promise<void> {
  for (const step of plan) {
    await told(step, async () => {
      const done = await step.isDone(host);
      say(`  ${step.name}: ${done ? "unchanged" : step.describe()}`);
    });
  }
}

/**
 * Takes everything away, from the end of the plan. One step that fails keeps
 * none of the others from being undone.
 * @throws Failure with the first thing that stayed
 */
export async function uninstall(
  plan: readonly Step[],
  host: Host,
  say: Say,
): Promise<void> {
  const failures: unknown[] = [];
  for (const step of plan.toReversed()) {
    await told(step, () => step.undo(host)).then(
      () => say(`  ${step.name}: removed`),
      (error: unknown) => {
        say(`  ${step.name}: NOT removed`);
        failures.push(error);
      },
    );
  }
  if (failures.length > 0) throw failures[0];
}

async function told(step: Step, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw failed(`${step.name}: ${messageOf(error)}`, error);
  }
}
