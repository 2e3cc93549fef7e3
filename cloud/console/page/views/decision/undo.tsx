import { useState } from "preact/hooks";
import type { Decision, Undone } from "../../api-types.js";
import { counted } from "../../parts/bits.js";
import { titleOf } from "../../parts/decided-said.js";
import { OrderDialog, type OrderPlan } from "../../parts/order.js";
import { Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { countsSaid } from "./undo-said.js";

/** Takes back what a decision did, after showing what that comes to. */
export function UndoDialog({
  decision,
  onClose,
  onDone,
}: {
  readonly decision: Decision;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [wrong, setWrong] = useState(false);
  const plan: OrderPlan<Undone> = {
    title: `Undo: ${titleOf(decision)}`,
    verb: "Undo it",
    method: "POST",
    path: `/decisions/${decision.decision}/undo`,
    bodyOf: (reason) => ({
      reason: reason === "" ? "as foreseen" : reason,
      wrong,
    }),
    foresees: true,
    foreseen: (answer) => <Foreseen answer={answer} />,
    children: (
      <>
        <p>
          On all hosts it goes back to what stood before. What was decided on
          since stays as it is.
        </p>
        <label class="check">
          <input
            type="checkbox"
            checked={wrong}
            onChange={({ currentTarget }) => setWrong(currentTarget.checked)}
          />
          It was wrong: whose word it was counts less from now on
        </label>
      </>
    ),
    onDone,
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}

const FEW = 8;

function Foreseen({ answer }: { readonly answer: Undone }) {
  const { counts, changedBy, first } = answer;
  const back = first.filter(({ until }) => until !== null);
  return (
    <>
      <p>{countsSaid(counts) || "There is nothing to take back."}</p>
      {changedBy.map(({ decision, by, ranges }) => (
        <p key={decision}>
          {counted(ranges, "range")} {ranges === 1 ? "stays" : "stay"}: decided
          on since by {by ?? "the vendor"} (
          <a href={to(`/decisions/${decision}`)}>{decision}</a>)
        </p>
      ))}
      {back.slice(0, FEW).map(({ range, observed, until }) => (
        <p key={range}>
          <span class="mono">{range}</span> is {observed ? "counted" : "banned"}{" "}
          again, as before: <Until at={until} />
        </p>
      ))}
    </>
  );
}
