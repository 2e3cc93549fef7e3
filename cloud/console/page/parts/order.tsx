import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { said, send, type Method } from "../api.js";
import { isVendor, may } from "../session.js";
import { Badge, Failure } from "./bits.js";
import { Dialog } from "./dialog.js";
import { FateSteps, type Fate } from "./fate.js";
import { useOrderOnce } from "./step-up.js";

/** What every answer to an order has of these. */
export interface OrderAnswer {
  readonly decision?: string | null;
  readonly proposal?: string;
  readonly dangers?: readonly Danger[];
}

/** Why an order takes two persons. */
interface Danger {
  readonly why: string;
  readonly says: string;
}

/** Something that one may order, with all that is asked of one before. */
export interface OrderPlan<T extends OrderAnswer> {
  readonly title: string;
  /** On the button: "Ban". */
  readonly verb: string;
  readonly method: Method;
  /** Of the API. */
  readonly path: string;
  readonly bodyOf: (reason: string) => Readonly<Record<string, unknown>>;
  /** Whether it can be asked first what it would do. */
  readonly foresees?: boolean;
  /** What it would do, as the cloud says. */
  readonly foreseen?: (answer: T) => ComponentChildren;
  /** What makes it take two persons, and no dry run finds out. */
  readonly dangers?: readonly Danger[];
  /** Whether it may go without a reason. */
  readonly reasonOptional?: boolean;
  /** What is asked for instead of "Why". */
  readonly reasonLabel?: string;
  /** Characters of it; usually 200. */
  readonly mostReason?: number;
  /** Whether all else that it takes is there. */
  readonly isReady?: boolean;
  readonly isDanger?: boolean;
  /** Whether an admin may have it done at once where it takes two persons. */
  readonly breaksGlass?: boolean;
  /** What there is to say, or to choose, before. */
  readonly children?: ComponentChildren;
  /** What became of it, where the answer names no single decision. */
  readonly fateOf?: (answer: T) => Fate;
  /** Once it is done. */
  readonly onDone?: (answer: T) => void;
}

interface DialogProps<T extends OrderAnswer> {
  readonly plan: OrderPlan<T>;
  readonly onClose: () => void;
}

/** The way of an order: what it would do → reason → sent → decided → in force. */
export function OrderDialog<T extends OrderAnswer>(props: DialogProps<T>) {
  const { plan, onClose } = props;
  const order = useOrder(plan);
  return (
    <Dialog title={plan.title} onClose={onClose} wide>
      {order.fate === undefined ? (
        <OrderForm {...props} order={order} />
      ) : (
        <>
          <FateSteps fate={order.fate} />
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

/** What is known of an order, what was said of it, and how it is given. */
function useOrder<T extends OrderAnswer>(plan: OrderPlan<T>) {
  const [fate, setFate] = useState<Fate | undefined>();
  const [error, setError] = useState<unknown>();
  const [reason, setReason] = useState("");
  const [isBreaking, setBreaking] = useState(false);
  const once = useOrderOnce();
  const dry = useForesight<T>(plan, reason);
  const dangers = [...(dry?.answer?.dangers ?? []), ...(plan.dangers ?? [])];
  const takesTwo = dangers.length > 0;
  const isThrough = takesTwo && isBreaking;
  const give = async () => {
    setError(undefined);
    setFate({ kind: "sent" });
    try {
      const { method, path, bodyOf } = plan;
      const asked = bodyOf(reason);
      const sent = isThrough ? { ...asked, breakGlass: reason } : asked;
      const { body } = await once<T>(method, path, sent);
      setFate((plan.fateOf ?? fateOf)(body));
      plan.onDone?.(body);
    } catch (failure) {
      setFate(undefined);
      setError(failure);
    }
  };
  return {
    ...{ fate, error, reason, setReason, dry, dangers, give },
    ...{ takesTwo, isThrough, isBreaking, setBreaking },
  };
}

function OrderForm<T extends OrderAnswer>({
  plan,
  onClose,
  order,
}: DialogProps<T> & { readonly order: ReturnType<typeof useOrder<T>> }) {
  const { reason, takesTwo, isThrough } = order;
  const asksForGlass = takesTwo && plan.breaksGlass === true && mayBreakGlass();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void order.give();
      }}
    >
      {plan.children}
      {plan.foresees === true && <Foresight plan={plan} {...order} />}
      {asksForGlass && (
        <BreakGlass
          isBreaking={order.isBreaking}
          onChange={order.setBreaking}
        />
      )}
      <Reason value={reason} onChange={order.setReason} plan={plan} />
      {order.error !== undefined && <Failure error={order.error} />}
      <div class="row end">
        <button type="button" class="quiet" onClick={onClose}>
          Leave it
        </button>
        <button
          type="submit"
          class={plan.isDanger === true || isThrough ? "danger" : "main"}
          disabled={!mayGo(plan, reason)}
        >
          {takesTwo && !isThrough ? "Propose it" : plan.verb}
        </button>
      </div>
    </form>
  );
}

/** It is for admins of the vendor, who cannot wait for anybody. */
const mayBreakGlass = (): boolean => isVendor.value && may("admin");

function BreakGlass({
  isBreaking,
  onChange,
}: {
  readonly isBreaking: boolean;
  readonly onChange: (isBreaking: boolean) => void;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isBreaking}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      Break the glass: have it done at once, for a day at most. Somebody else
      reviews it afterwards.
    </label>
  );
}

function fateOf({ proposal, decision }: OrderAnswer): Fate {
  if (proposal !== undefined && decision === undefined) {
    return { kind: "waits", proposal };
  }
  if (decision === null || decision === undefined) return { kind: "nothing" };
  return { kind: "decided", decision };
}

interface Dry<T> {
  /** What it was asked of. */
  readonly of: string;
  readonly answer?: T;
  readonly error?: unknown;
}

/** Asks what an order would do, each time that it is another. */
function useForesight<T extends OrderAnswer>(
  { foresees, method, path, bodyOf }: OrderPlan<T>,
  reason: string,
): Dry<T> | undefined {
  const [dry, setDry] = useState<Dry<T> | undefined>();
  const body = JSON.stringify(bodyOf(reason === "" ? "" : "as foreseen"));
  // Whatever the reason, an order does the same.
  const of = JSON.stringify([method, path, bodyOf("as foreseen")]);
  useEffect(() => {
    if (foresees !== true) return undefined;
    let isOver = false;
    const asked = { ...(JSON.parse(body) as object), dryRun: true };
    send<T>(method, path, asked).then(
      (answered) => {
        if (!isOver) setDry({ of, answer: answered.body });
      },
      (error: unknown) => {
        if (!isOver) setDry({ of, error });
      },
    );
    return () => {
      isOver = true;
    };
  }, [foresees, method, path, body]);
  return dry?.of === of ? dry : undefined;
}

function Foresight<T extends OrderAnswer>({
  plan,
  dry,
  dangers,
}: {
  readonly plan: OrderPlan<T>;
  readonly dry: Dry<T> | undefined;
  readonly dangers: readonly Danger[];
}) {
  if (dry === undefined) return <p class="faint">Asking what it would do…</p>;
  if (dry.answer === undefined) {
    return <p class="failure">{said(dry.error)}</p>;
  }
  return (
    <div class="foresight">
      {dangers.map(({ says }) => (
        <p key={says}>
          <Badge tone="warn">takes two persons</Badge> {says}
        </p>
      ))}
      {plan.foreseen?.(dry.answer)}
    </div>
  );
}

/** Longer texts get more than a line. */
const A_LINE = 200;

function Reason<T extends OrderAnswer>({
  value,
  onChange,
  plan,
}: {
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly plan: OrderPlan<T>;
}) {
  const id = useId();
  const { mostReason = A_LINE, reasonLabel = "Why" } = plan;
  const box = {
    ...{ id, value, maxLength: mostReason },
    onInput: ({
      currentTarget,
    }: {
      readonly currentTarget: { value: string };
    }) => {
      // What goes to the log is one line, however it is written.
      onChange(currentTarget.value.replaceAll(/\s*\n\s*/g, " "));
    },
  };
  return (
    <div class="field">
      <label for={id}>
        {reasonLabel}
        {plan.reasonOptional === true && " (may be left out)"}
      </label>
      {mostReason > A_LINE ? (
        <textarea class="few" {...box} />
      ) : (
        <input {...box} />
      )}
    </div>
  );
}

const mayGo = <T extends OrderAnswer>(
  { reasonOptional = false, isReady = true }: OrderPlan<T>,
  reason: string,
): boolean => isReady && (reasonOptional || reason.trim() !== "");
