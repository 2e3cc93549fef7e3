import { useEffect, useState } from "preact/hooks";
import type { Session } from "../api-types.js";
import { ask, said, send } from "../api.js";
import { Dialog } from "../parts/dialog.js";
import { IssuerTab } from "../parts/issuer-tab.js";
import type { Ways } from "../parts/step-up.js";
import { shownPasskey } from "../passkey.js";
import { askLater, known } from "../session.js";

/** Where somebody says who they are. */
export function SignIn({ why }: { readonly why?: string | undefined }) {
  return (
    <main class="sign-in">
      <h1>
        <span class="brand-mark" aria-hidden="true" /> tourniquet
      </h1>
      <WaysIn why={why} />
    </main>
  );
}

/** The same above the page, which keeps what they were at. */
export function SignInAnew() {
  return (
    <Dialog title="Your session is over" onClose={askLater}>
      <div class="sign-in-anew">
        <p>What you were at stays here. Sign in, and go on.</p>
        <WaysIn isAnew />
      </div>
    </Dialog>
  );
}

function WaysIn({
  why,
  isAnew = false,
}: {
  readonly why?: string | undefined;
  readonly isAnew?: boolean;
}) {
  const [ways, setWays] = useState<Ways | undefined>();
  const [error, setError] = useState<string | undefined>(why);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    ask<Ways>("/session/ways").then(setWays, (failure: unknown) => {
      setError(said(failure));
    });
  }, []);
  const enter = async (way: () => Promise<Session>) => {
    setError(undefined);
    setBusy(true);
    try {
      known.value = { kind: "somebody", session: await way() };
    } catch (failure) {
      setError(said(failure));
    } finally {
      setBusy(false);
    }
  };
  const byPasskey = async () => {
    const shown = await shownPasskey("/session/passkey-options");
    return (await send<Session>("POST", "/session/passkey", shown)).body;
  };
  const byPassword = async (name: string, password: string) =>
    (await send<Session>("POST", "/session", { name, password })).body;
  return (
    <>
      {ways?.password !== false && (
        <NameAndPassword
          isBusy={isBusy}
          onEnter={(...shown) => void enter(() => byPassword(...shown))}
        />
      )}
      <div class="row">
        {ways?.passkey === true && (
          <button
            type="button"
            disabled={isBusy}
            onClick={() => void enter(byPasskey)}
          >
            Sign in with a passkey
          </button>
        )}
        {ways !== undefined && ways.oidc !== null && (
          <ByIssuer
            isAnew={isAnew}
            onDone={() => void enter(() => ask<Session>("/session"))}
          />
        )}
      </div>
      {error !== undefined && (
        <p class="failure" role="alert">
          {error}
        </p>
      )}
    </>
  );
}

function ByIssuer({
  isAnew,
  onDone,
}: {
  readonly isAnew: boolean;
  readonly onDone: () => void;
}) {
  if (isAnew) return <IssuerTab address={issuerLink()} onDone={onDone} />;
  return (
    <a class="button" target="_self" href={issuerLink()}>
      Sign in with your company
    </a>
  );
}

/** The issuer sends the browser back to where one wanted to go. */
function issuerLink(): string {
  const { pathname, search } = window.location;
  return `/api/v1/session/oidc?to=${encodeURIComponent(pathname + search)}`;
}

function NameAndPassword({
  isBusy,
  onEnter,
}: {
  readonly isBusy: boolean;
  readonly onEnter: (name: string, password: string) => void;
}) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onEnter(name, password);
      }}
    >
      <label class="field">
        Name
        <input
          autocomplete="username webauthn"
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <label class="field">
        Password
        <input
          type="password"
          autocomplete="current-password"
          value={password}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      </label>
      <button
        type="submit"
        class="main"
        disabled={isBusy || name === "" || password === ""}
      >
        Sign in
      </button>
    </form>
  );
}
