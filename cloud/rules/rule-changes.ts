import type { DecisionEvent } from "../journal/decision-events.js";
import type { RuleBook } from "./rule-book.js";

/** Has rules decide, once a second person has released their text. */
export class RuleChanges {
  readonly #book: Pick<RuleBook, "publish">;

  constructor(book: Pick<RuleBook, "publish">) {
    this.#book = book;
  }

  async carryOut(
    text: string,
    { by }: { readonly by: string },
    along: readonly DecisionEvent[],
  ): Promise<void> {
    await this.#book.publish({ text, mode: "in-force", by }, along);
  }
}
