import type { ImpactQuestion } from "../../protocol/messages.js";
import { answerOf, questionIn, type Request } from "../../protocol/requests.js";
import type { FromAgent } from "../../protocol/wire.js";
import type { ImpactWatch } from "./impact.js";

/** What a cloud asks: of version 1 about impact alone, of version 2 in an envelope. */
export type Asked = ImpactQuestion | Request;

/**
 * Answers in the words that it was asked in. What this host knows nothing of is said
 * to be unsupported; all kinds together count as the questions of a minute.
 */
export function answer(
  asked: Asked,
  impact: Pick<ImpactWatch, "ask" | "mayAnswer">,
  say: (answer: FromAgent) => void,
): void {
  if (asked.type === "impact-question") {
    impact.ask(asked, say);
    return;
  }
  const question = questionIn(asked);
  if (question !== undefined) {
    impact.ask(question, (it) => say(answerOf(it)));
  } else if (impact.mayAnswer()) {
    const { id, kind } = asked;
    say({ type: "answer", id, kind, result: "unsupported" });
  }
}
