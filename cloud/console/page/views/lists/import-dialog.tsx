import { useMemo, useState } from "preact/hooks";
import { Failure } from "../../parts/bits.js";
import { Dialog } from "../../parts/dialog.js";
import { FateSteps, type Fate } from "../../parts/fate.js";
import type { OrderAnswer } from "../../parts/order.js";
import { order, useOrderOnce } from "../../parts/step-up.js";
import { ImportForm } from "./import-form.js";
import { Foreseen, Report } from "./import-report.js";
import {
  bodyOf,
  firstWish,
  pathOf,
  reportOf,
  type ImportWish,
  type Imported,
} from "./import-wish.js";

/** Where somebody is who imports a list. */
type Step =
  | { readonly kind: "form"; readonly error?: unknown }
  | { readonly kind: "asking" }
  | { readonly kind: "foreseen"; readonly answer: Imported }
  | { readonly kind: "given"; readonly fate: Fate };

/** What a list would do → sent → decided → in force. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const [wish, setWish] = useState<ImportWish>(firstWish);
  const { step, foresee, give, back } = useImport(wish);
  return (
    <Dialog title="Import a list" onClose={onClose} wide>
      {(step.kind === "form" || step.kind === "asking") && (
        <ImportForm
          wish={wish}
          onChange={setWish}
          isBusy={step.kind === "asking"}
          onGo={() => void foresee()}
          refused={step.kind === "form" ? reportOf(step.error) : undefined}
        >
          {step.kind === "form" && <Refused error={step.error} />}
        </ImportForm>
      )}
      {step.kind === "foreseen" && (
        <div class="view">
          <Foreseen answer={step.answer} />
          <div class="row end">
            <button type="button" class="quiet" onClick={back}>
              Back
            </button>
            <button type="button" class="main" onClick={() => void give()}>
              {step.answer.dangers.length > 0 ? "Propose it" : "Import it"}
            </button>
          </div>
        </div>
      )}
      {step.kind === "given" && (
        <>
          <FateSteps fate={step.fate} />
          <div class="row end">
            <button type="button" class="main" onClick={onClose}>
              Close
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

/** Why a list was not taken, and how it was read. */
function Refused({ error }: { readonly error: unknown }) {
  if (error === undefined) return null;
  const report = reportOf(error);
  if (report === undefined) return <Failure error={error} />;
  return (
    <>
      <p class="failure" role="alert">
        This is not taken for a list. Nothing was imported.
      </p>
      <Report report={report} />
    </>
  );
}

function useImport(wish: ImportWish) {
  const [step, setStep] = useState<Step>({ kind: "form" });
  const once = useOrderOnce();
  const { file, text } = wish;
  // The very same for as long as it says the same: an order is known by it.
  const list = useMemo(() => bodyOf({ file, text }), [file, text]);
  const send = async <T,>(dryRun: boolean): Promise<T | undefined> => {
    try {
      const give = dryRun ? order : once;
      const { body } = await give<T>("POST", pathOf(wish, dryRun), list);
      return body;
    } catch (error) {
      setStep({ kind: "form", error });
      return undefined;
    }
  };
  return {
    step,
    back: () => setStep({ kind: "form" }),
    foresee: async () => {
      setStep({ kind: "asking" });
      const answer = await send<Imported>(true);
      if (answer !== undefined) setStep({ kind: "foreseen", answer });
    },
    give: async () => {
      setStep({ kind: "given", fate: { kind: "sent" } });
      const answer = await send<OrderAnswer>(false);
      if (answer !== undefined)
        setStep({ kind: "given", fate: fateOf(answer) });
    },
  };
}

function fateOf({ proposal, decision }: OrderAnswer): Fate {
  if (proposal !== undefined) return { kind: "waits", proposal };
  if (decision === null || decision === undefined) return { kind: "nothing" };
  return { kind: "decided", decision };
}
