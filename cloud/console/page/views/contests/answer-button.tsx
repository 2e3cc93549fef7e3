import { useState } from "preact/hooks";
import type { Contest } from "../../api-types.js";
import { useOthers } from "../../parts/others.js";
import { may } from "../../session.js";
import { AnswerDialog } from "./answer-dialog.js";
import { useIsOwn } from "./decisions-about.js";

/** Another than who ordered the ban answers; else it says why there is no button. */
export function AnswerButton({
  contest,
  refresh,
}: {
  readonly contest: Contest;
  readonly refresh: () => void;
}) {
  const [isOpen, setOpen] = useState(false);
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
  const close = () => {
    setOpen(false);
    refresh();
  };
  return (
    <>
      <button type="button" class="main" onClick={() => setOpen(true)}>
        Answer…
      </button>
      {isOpen && <AnswerDialog contest={contest} onClose={close} />}
    </>
  );
}
