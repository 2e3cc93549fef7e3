import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { apiPath, type Method } from "../api.js";
import { Failure } from "./bits.js";
import { Dialog } from "./dialog.js";
import { FateSteps } from "./fate.js";
import { TextField } from "./fields.js";
import { notify } from "./notices.js";
import { useOrderOnce, type order } from "./step-up.js";

/** Something that one may change, of which no decision comes. */
export interface ChangePlan<T> {
  readonly title: string;
  /** On the button: "Revoke". */
  readonly verb: string;
  readonly isDanger?: boolean;
  readonly method: Method;
  /** Of the API. */
  readonly path: string;
  /** What is sent; a DELETE has none, and its reason stands in the query. */
  readonly bodyOf?: (reason: string) => unknown;
  /** Whether it takes a reason; usually it takes none. */
  readonly reason?: "needed" | "optional";
  /** Whether all that it takes is there. */
  readonly isReady?: boolean;
  /** What there is to say, or to fill in, before. */
  readonly children?: ComponentChildren;
  /** Said in passing, once it is done. */
  readonly done: string;
  /** What there is to see once it is done, and never again. */
  readonly shown?: (answer: T) => ComponentChildren;
  readonly onDone?: (answer: T) => void;
}

type Came<T> =
  | { readonly kind: "waits"; readonly proposal: string }
  | { readonly kind: "shown"; readonly answer: T };

/** The way of a change: what it is → sent → done, or before a second person. */
export function ChangeDialog<T>({
  plan,
  onClose,
}: {
  readonly plan: ChangePlan<T>;
  readonly onClose: () => void;
}) {
  const [came, setCame] = useState<Came<T> | undefined>();
  if (came === undefined) {
    return <Asked plan={plan} onClose={onClose} onCame={setCame} />;
  }
  return (
    <Dialog title={plan.title} onClose={onClose} wide>
      <div class="stack">
        {came.kind === "waits" ? (
          <FateSteps fate={came} />
        ) : (
          plan.shown?.(came.answer)
        )}
        <div class="row end">
          <button type="button" class="main" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  );
}

interface AskedProps<T> {
  readonly plan: ChangePlan<T>;
  readonly onClose: () => void;
  readonly onCame: (came: Came<T>) => void;
}

function Asked<T>({ plan, onClose, onCame }: AskedProps<T>) {
  const [reason, setReason] = useState("");
  const { isBusy, error, send } = useSending(plan, { onClose, onCame });
  const isMissing = plan.reason === "needed" && reason.trim() === "";
  return (
    <Dialog title={plan.title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(reason);
        }}
      >
        {plan.children}
        {plan.reason !== undefined && (
          <TextField
            label={plan.reason === "needed" ? "Why" : "Why (may be left out)"}
            maxLength={200}
            value={reason}
            onChange={setReason}
          />
        )}
        {error !== undefined && <Failure error={error} />}
        <div class="row end">
          <button type="button" class="quiet" onClick={onClose}>
            Leave it
          </button>
          <button
            type="submit"
            class={plan.isDanger === true ? "danger" : "main"}
            disabled={isBusy || isMissing || plan.isReady === false}
          >
            {plan.verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function useSending<T>(
  plan: ChangePlan<T>,
  { onClose, onCame }: Omit<AskedProps<T>, "plan">,
) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const once = useOrderOnce();
  const send = async (reason: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const { status, body } = await sent(plan, reason, once);
      if (status === 202) {
        const { proposal } = body as { readonly proposal: string };
        onCame({ kind: "waits", proposal });
        return;
      }
      plan.onDone?.(body as T);
      if (plan.shown !== undefined) {
        onCame({ kind: "shown", answer: body as T });
        return;
      }
      notify(plan.done);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, send };
}

function sent<T>(
  { method, path, bodyOf }: ChangePlan<T>,
  reason: string,
  once: typeof order,
) {
  if (method === "DELETE") return once(method, apiPath(path, { reason }));
  return once(method, path, bodyOf?.(reason) ?? {});
}
