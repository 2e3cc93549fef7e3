import type { DecisionEvent } from "../journal/decision-events.js";
import type { ProposedChange } from "../journal/two-person-events.js";
import { OthersDecide, type RuleBook } from "../rules/rule-book.js";
import { NotOpen } from "./settling.js";

/** Has rules decide, once a second person has released their text. */
export class RuleChanges {
  readonly #book: Pick<RuleBook, "publish">;

  constructor(book: Pick<RuleBook, "publish">) {
    this.#book = book;
  }

  /** @throws NotOpen where others decide than those that it was to take the place of */
  async carryOut(
    { text, base }: Pick<ProposedChange, "text" | "base">,
    { by }: { readonly by: string },
    along: readonly DecisionEvent[],
  ): Promise<void> {
    const rules = { text, mode: "in-force", by } as const;
    try {
      await this.#book.publish(rules, { along, base });
    } catch (error) {
      if (!(error instanceof OthersDecide)) throw error;
      throw new NotOpen(error.message);
    }
  }
}
