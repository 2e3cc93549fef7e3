import { useState } from "preact/hooks";
import { Failure } from "../../parts/bits.js";
import { Dialog } from "../../parts/dialog.js";
import { TextField } from "../../parts/fields.js";
import { notify } from "../../parts/notices.js";
import { order } from "../../parts/step-up.js";
import { addPasskey } from "../../passkey.js";
import { PasswordDialog } from "./password-dialog.js";
import { TokenDialog } from "./token-dialog.js";

export type OwnChangeName = "passkey" | "password" | "token";

interface OwnChangeProps {
  readonly operator: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** What one changes of oneself. */
export function OwnChange({
  change,
  ...props
}: OwnChangeProps & { readonly change: OwnChangeName }) {
  if (change === "passkey") return <PasskeyDialog {...props} />;
  if (change === "password") return <PasswordDialog {...props} isOwn />;
  return <TokenDialog {...props} />;
}

function PasskeyDialog({ onClose, onDone }: OwnChangeProps) {
  const [label, setLabel] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const add = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await addPasskey(label, order);
      notify(`The passkey “${label}” counts from now on`);
      onDone();
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="Add a passkey" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <p>
          Your browser makes it, on this device or on a key that you hold. It
          works on this address alone, so nobody can fish for it.
        </p>
        <TextField
          label="What you tell it from others by"
          placeholder="my laptop"
          maxLength={64}
          value={label}
          onChange={setLabel}
        />
        {error !== undefined && <Failure error={error} />}
        <div class="row end">
          <button type="button" class="quiet" onClick={onClose}>
            Leave it
          </button>
          <button
            type="submit"
            class="main"
            disabled={isBusy || label.trim() === ""}
          >
            Add it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
