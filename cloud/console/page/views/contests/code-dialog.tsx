import { useId, useState } from "preact/hooks";
import type { Answers } from "../../api-types.js";
import { Failure, Facts } from "../../parts/bits.js";
import { Dialog } from "../../parts/dialog.js";
import { useOrderOnce } from "../../parts/step-up.js";
import { Until } from "../../parts/time.js";

type Code = Answers["makeContestCode"];

/** A code by which somebody contests the bans on an address, once. */
export function CodeDialog({ onClose }: { readonly onClose: () => void }) {
  const [address, setAddress] = useState("");
  const [made, setMade] = useState<Code | undefined>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const once = useOrderOnce();
  const id = useId();
  const make = async () => {
    setError(undefined);
    setBusy(true);
    try {
      const { body } = await once<Code>("POST", "/contest-codes", { address });
      setMade(body);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  if (made !== undefined) return <Made code={made} onClose={onClose} />;
  return (
    <Dialog title="Give out a code" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <p>
          For somebody who cannot write from the address itself: with the code
          they may contest what bans it, once.
        </p>
        <div class="field">
          <label for={id}>Their address</label>
          <input
            id={id}
            value={address}
            onInput={({ currentTarget }) => setAddress(currentTarget.value)}
          />
        </div>
        {error !== undefined && <Failure error={error} />}
        <div class="row end">
          <button type="button" class="quiet" onClick={onClose}>
            Leave it
          </button>
          <button
            type="submit"
            class="main"
            disabled={isBusy || address.trim() === ""}
          >
            Make the code
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Made({
  code: { address, code, expiresAt },
  onClose,
}: {
  readonly code: Code;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={`A code for ${address}`} onClose={onClose}>
      <div class="view">
        <p>It is shown this once, and good once. Send it to them now.</p>
        <Facts
          of={[
            ["Code", <code class="once">{code}</code>],
            ["Runs out", <Until at={expiresAt} />],
          ]}
        />
        <div class="row end">
          <button
            type="button"
            onClick={() => void navigator.clipboard.writeText(code)}
          >
            Copy it
          </button>
          <button type="button" class="main" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  );
}
