import { signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import {
  ApiProblem,
  said,
  send,
  Unreachable,
  type Answered,
  type Method,
} from "../api.js";
import { shownPasskey } from "../passkey.js";
import { path, query, to } from "../router.js";
import { signInAnew } from "../session.js";
import { useAsked } from "../use-asked.js";
import { Dialog } from "./dialog.js";
import { IssuerTab } from "./issuer-tab.js";
import { OrderKey } from "./order-key.js";

/** Who waits for somebody to show anew who they are. */
const asking = signal<{ readonly done: (isShown: boolean) => void } | null>(
  null,
);

/** It was sent, and no answer came. */
class AnswerLost extends Error {
  override readonly name = "AnswerLost";

  constructor(cause: Unreachable) {
    super(
      "The cloud does not answer. It is not known whether it was carried out; asking again carries it out once.",
      { cause },
    );
  }
}

/**
 * `order` for a dialog: the same given again, when it is not known what became of
 * it, is carried out once.
 * @throws ApiProblem, AnswerLost
 */
export function useOrderOnce(): typeof order {
  const { current: last } = useRef(new OrderKey());
  return async (method, address, body) => {
    const key = last.keyOf({ method, address, body });
    try {
      const answered = await order(method, address, body, key);
      last.settled();
      return answered as Answered<never>;
    } catch (error) {
      last.settled(error);
      throw error instanceof Unreachable ? new AnswerLost(error) : error;
    }
  };
}

/**
 * Sends what changes something; where that takes a step-up, has it made first.
 * @throws ApiProblem, Unreachable
 */
export async function order<T>(
  method: Method,
  address: string,
  body?: unknown,
  key: string = crypto.randomUUID(),
): Promise<Answered<T>> {
  try {
    return await send<T>(method, address, body, key);
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "unauthenticated") {
      signInAnew();
    }
    const isNeeded =
      error instanceof ApiProblem && error.code === "step-up-needed";
    if (!isNeeded || !(await stepUp())) throw error;
    return send<T>(method, address, body, key);
  }
}

const stepUp = (): Promise<boolean> =>
  new Promise((resolve) => {
    asking.value = {
      done: (isShown) => {
        asking.value = null;
        resolve(isShown);
      },
    };
  });

export interface Ways {
  readonly password: boolean;
  readonly passkey: boolean;
  readonly oidc: unknown;
}

/** The dialog in which one shows anew who one is; it belongs to the whole page. */
export function StepUp() {
  const waits = asking.value;
  return waits && <StepUpDialog done={waits.done} />;
}

function StepUpDialog({ done }: { readonly done: (is: boolean) => void }) {
  const [error, setError] = useState<unknown>();
  const { data: ways } = useAsked<Ways>("/session/ways");
  const show = async (proof: () => unknown) => {
    try {
      await send("POST", "/session/step-up", await proof());
      done(true);
    } catch (failure) {
      setError(failure);
    }
  };
  const byPasskey = async () => ({
    passkey: await shownPasskey("/session/step-up-options"),
  });
  const here = to(path.value, Object.fromEntries(query.value));
  return (
    <Dialog title="Show that it is you" onClose={() => done(false)}>
      <p>What you are about to do takes that; it then holds for ten minutes.</p>
      <PasswordForm
        onPassword={(password) => void show(() => ({ password }))}
      />
      <div class="row">
        {ways?.passkey !== false && (
          <button type="button" onClick={() => void show(byPasskey)}>
            Use a passkey
          </button>
        )}
        {ways !== undefined && ways.oidc !== null && (
          <IssuerTab
            address={`/api/v1/session/oidc?stepUp=true&to=${encodeURIComponent(here)}`}
            onDone={() => done(true)}
          />
        )}
      </div>
      {error !== undefined && (
        <p class="failure" role="alert">
          {said(error)}
        </p>
      )}
    </Dialog>
  );
}

function PasswordForm({
  onPassword,
}: {
  readonly onPassword: (password: string) => void;
}) {
  const [password, setPassword] = useState("");
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        onPassword(password);
      }}
    >
      <label class="field">
        Password
        <input
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={password === ""}>
        Go on
      </button>
    </form>
  );
}
