import type { Decisions, Looked } from "./decisions.js";
import { JournalConflict } from "./failures.js";

/**
 * Looks at the views, then appends what that comes to, as if in one step: who was
 * overtaken looks again at what stands then. The look awaits nothing, and does
 * nothing that must not be done twice.
 * @throws JournalConflict after many turns, what the look throws, and what
 * appending throws
 */
export async function lookThenAppend<T>(
  decisions: Pick<Decisions, "level" | "append" | "catchUp">,
  look: () => Looked<T>,
): Promise<T> {
  for (let turn = 1; ; turn++) {
    const { level } = decisions;
    const { events, answer } = look();
    if (events.length === 0) return answer;
    try {
      await decisions.append(events, level);
      return answer;
    } catch (error) {
      if (!(error instanceof JournalConflict) || turn >= MOST_TURNS) {
        throw error;
      }
      await decisions.catchUp();
    }
  }
}

/** Somebody gets ahead in each turn: so many gateways there are not. */
const MOST_TURNS = 32;
