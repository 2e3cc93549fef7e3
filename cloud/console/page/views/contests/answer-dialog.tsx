import { useState } from "preact/hooks";
import type { Answers, Contest } from "../../api-types.js";
import { Choice } from "../../parts/choice.js";
import {
  OrderDialog,
  type OrderAnswer,
  type OrderPlan,
} from "../../parts/order.js";
import { TermField } from "../../parts/term-field.js";

type Answered = OrderAnswer & Answers["answerContest"];
type Verdict = Exclude<Contest["state"], "open">;

const VERDICTS: readonly (readonly [Verdict, string])[] = [
  ["released", "Release it: its bans are lifted, in every feed"],
  ["shortened", "Shorten its bans"],
  ["refused", "Refuse: its bans stay as they are"],
];

const SAID: Readonly<Record<Verdict, string>> = {
  released: "Answered: it is released.",
  shortened: "Answered: its bans are shortened.",
  refused: "Answered: its bans stay.",
};

/** As long as the cloud takes it. */
const LONGEST_ANSWER = 1_000;

/** Says to somebody what becomes of the bans on their address. */
export function AnswerDialog({
  contest: { contest, address, why },
  onClose,
}: {
  readonly contest: Contest;
  readonly onClose: () => void;
}) {
  const [verdict, setVerdict] = useState<Verdict | undefined>();
  const [lasts, setLasts] = useState("1h");
  const isShort = verdict === "shortened";
  const plan: OrderPlan<Answered> = {
    title: `Answer about ${address}`,
    ...{ verb: "Answer", method: "POST" },
    path: `/contests/${encodeURIComponent(contest)}/answer`,
    bodyOf: (answer) => ({ verdict, answer, ...(isShort && { for: lasts }) }),
    isReady: verdict !== undefined && (!isShort || lasts.trim() !== ""),
    ...{ reasonLabel: "What they are told", mostReason: LONGEST_ANSWER },
    fateOf: ({ decisions }) => ({
      kind: "done",
      says: SAID[verdict ?? "refused"],
      decisions: decisions.map(({ decision }) => decision),
    }),
    children: (
      <>
        <p class="said">{why}</p>
        <Choice
          legend="What becomes of it?"
          of={VERDICTS}
          value={verdict}
          onChange={setVerdict}
        />
        {isShort && (
          <TermField
            label="Banned from now on for"
            value={lasts}
            onChange={setLasts}
          />
        )}
      </>
    ),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}
