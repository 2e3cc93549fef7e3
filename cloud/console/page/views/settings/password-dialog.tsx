import { useState } from "preact/hooks";
import { ChangeDialog } from "../../parts/change.js";
import { TextField } from "../../parts/fields.js";

interface PasswordDialogProps {
  readonly operator: string;
  /** Else an admin sets that of somebody else. */
  readonly isOwn?: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Another password, which ends all other sessions of whose it is. */
export function PasswordDialog({
  operator,
  isOwn = false,
  onClose,
  onDone,
}: PasswordDialogProps) {
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const isSame = again === "" || again === password;
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: isOwn ? "Change your password" : "Set a password",
        ...{ verb: "Set it", method: "POST", onDone },
        path: `/operators/${encodeURIComponent(operator)}/password`,
        bodyOf: () => ({ password, ...(old !== "" && { old }) }),
        isReady: password !== "" && again === password,
        done: "The new password counts; all other sessions have ended",
        children: (
          <>
            {isOwn && (
              <TextField
                label="Until now"
                type="password"
                autocomplete="current-password"
                hint="May be left empty, if you had none."
                value={old}
                onChange={setOld}
              />
            )}
            <TextField
              label="From now on"
              type="password"
              autocomplete="new-password"
              hint="Long, and used nowhere else."
              value={password}
              onChange={setPassword}
            />
            <TextField
              label="The same again"
              type="password"
              autocomplete="new-password"
              hint={isSame ? "" : "It is not the same."}
              value={again}
              onChange={setAgain}
            />
          </>
        ),
      }}
    />
  );
}
