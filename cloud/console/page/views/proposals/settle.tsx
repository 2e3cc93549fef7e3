import { useState } from "preact/hooks";
import type { Answers, Proposal } from "../../api-types.js";
import { Badge } from "../../parts/bits.js";
import type { Fate } from "../../parts/fate.js";
import { OrderDialog, type OrderPlan } from "../../parts/order.js";
import { TermField } from "../../parts/term-field.js";
import { may } from "../../session.js";
import { dangersOf, isOwn, whatOf, whoOf } from "./proposal-texts.js";

type Released = Answers["releaseProposal"];

interface SettleProps {
  readonly proposal: Proposal;
  /** Whether it still waits. */
  readonly isOpen: boolean;
  /** Something became of it. */
  readonly onDone: () => void;
}

/**
 * What one may say to a proposal that waits. A dialog stays until it is closed,
 * whatever became of the proposal meanwhile: it says how far that has come.
 */
export function SettleButtons({ proposal, isOpen, onDone }: SettleProps) {
  const [open, setOpen] = useState<"release" | "refuse" | undefined>();
  const own = isOwn(proposal);
  const close = () => {
    setOpen(undefined);
    onDone();
  };
  return (
    <>
      {isOpen && may("analyst") && (
        <button type="button" onClick={() => setOpen("refuse")}>
          {own ? "Withdraw…" : "Refuse…"}
        </button>
      )}
      {isOpen && may("approver") && !own && (
        <button type="button" class="main" onClick={() => setOpen("release")}>
          Release…
        </button>
      )}
      {open === "release" && <Release proposal={proposal} onClose={close} />}
      {open === "refuse" && <Refuse proposal={proposal} onClose={close} />}
    </>
  );
}

interface DialogProps {
  readonly proposal: Proposal;
  readonly onClose: () => void;
}

function Release({ proposal, onClose }: DialogProps) {
  const [lasts, setLasts] = useState("4h");
  const isRule = proposal.kind === "rule";
  const plan: OrderPlan<Released> = {
    title: `Release: ${whatOf(proposal)}`,
    ...{ verb: "Release", method: "POST", reasonOptional: true },
    path: `/proposals/${encodeURIComponent(proposal.id)}/release`,
    bodyOf: (reason) => ({ reason, ...(isRule && { for: lasts }) }),
    isReady: !isRule || lasts.trim() !== "",
    fateOf: fateOfRelease,
    children: (
      <>
        <About proposal={proposal} />
        {isRule && (
          <TermField label="Banned for" value={lasts} onChange={setLasts} />
        )}
      </>
    ),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}

function fateOfRelease({ decision, change }: Released): Fate {
  if (change !== null) {
    return { kind: "done", says: `Released: ${change}`, decisions: [] };
  }
  return decision === null
    ? { kind: "nothing" }
    : { kind: "decided", decision };
}

function Refuse({ proposal, onClose }: DialogProps) {
  const [wrong, setWrong] = useState(false);
  const own = isOwn(proposal);
  const isRule = proposal.kind === "rule";
  const plan: OrderPlan<Answers["refuseProposal"]> = {
    title: `${own ? "Withdraw" : "Refuse"}: ${whatOf(proposal)}`,
    ...{ verb: own ? "Withdraw" : "Refuse", method: "POST" },
    path: `/proposals/${encodeURIComponent(proposal.id)}/refuse`,
    bodyOf: (reason) => ({ reason, ...(isRule && { wrong }) }),
    fateOf: () => ({
      kind: "done",
      says: own
        ? "Withdrawn: nothing was changed."
        : "Refused: nothing was changed.",
      decisions: [],
    }),
    children: (
      <>
        <About proposal={proposal} />
        {isRule && (
          <label class="check">
            <input
              type="checkbox"
              checked={wrong}
              onChange={({ currentTarget }) => setWrong(currentTarget.checked)}
            />
            The evidence is wrong: whoever reported it counts less from now on
          </label>
        )}
      </>
    ),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}

/** What one says yes or no to, once more. */
function About({ proposal }: { readonly proposal: Proposal }) {
  return (
    <div class="foresight">
      <p>
        Proposed by {whoOf(proposal)}
        {proposal.reason !== "" && `: ${proposal.reason}`}
      </p>
      {dangersOf(proposal).map((each) => (
        <p key={each}>
          <Badge tone="warn">mind</Badge> {each}
        </p>
      ))}
    </div>
  );
}
