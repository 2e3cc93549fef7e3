import { useState } from "preact/hooks";
import type { Contest } from "../../api-types.js";
import { useOthers } from "../../parts/others.js";
import { may } from "../../session.js";
import { AnswerDialog } from "./answer-dialog.js";
import { useIsOwn } from "./decisions-about.js";

/**
 * Another than who ordered the ban answers; else it says why there is no button.
 * The dialog stays until it is closed, whatever became of the contest meanwhile.
 */
export function AnswerButton({
  contest,
  refresh,
}: {
  readonly contest: Contest;
  readonly refresh: () => void;
}) {
  const [isAnswering, setAnswering] = useState(false);
  const close = () => {
    setAnswering(false);
    refresh();
  };
  return (
    <>
      {contest.state === "open" && (
        <Way contest={contest} onAnswer={() => setAnswering(true)} />
      )}
      {isAnswering && <AnswerDialog contest={contest} onClose={close} />}
    </>
  );
}

function Way({
  contest,
  onAnswer,
}: {
  readonly contest: Contest;
  readonly onAnswer: () => void;
}) {
  const isOwn = useIsOwn(contest.decisions);
  const hasOthers = useOthers(isOwn);
  if (!may("approver")) {
    return <span class="faint">Whoever is an approver may answer.</span>;
  }
  if (isOwn && hasOthers !== false) {
    return (
      <span class="faint">You ordered its ban: somebody else answers.</span>
    );
  }
  return (
    <button type="button" class="main" onClick={onAnswer}>
      Answer…
    </button>
  );
}
