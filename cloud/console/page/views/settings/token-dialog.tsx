import { useState } from "preact/hooks";
import type { Answers } from "../../api-types.js";
import { ChangeDialog } from "../../parts/change.js";
import { ChoiceField, TextField } from "../../parts/fields.js";
import { Secret } from "../../parts/secret.js";
import { session, type Role } from "../../session.js";
import { PEOPLES_ROLES, roleChoices, upTo } from "./roles.js";

const TERMS = [
  ["1d", "a day"],
  ["30d", "30 days"],
  ["90d", "90 days"],
  ["365d", "a year"],
] as const;

/** A token, for a script or for the command line: it is shown once. */
export function TokenDialog({
  operator,
  role = session.value?.operator.role ?? "viewer",
  onClose,
  onDone,
}: {
  readonly operator: string;
  /** Of whom it is for; it may do no more. */
  readonly role?: Role;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [label, setLabel] = useState("");
  const [term, setTerm] = useState("90d");
  const [least, setLeast] = useState("");
  return (
    <ChangeDialog<Answers["makeToken"]>
      onClose={onClose}
      plan={{
        title: "Make a token",
        ...{ verb: "Make it", method: "POST", onDone },
        path: `/operators/${encodeURIComponent(operator)}/tokens`,
        bodyOf: () => ({
          ...{ label, expiresIn: term },
          ...(least !== "" && { role: least }),
        }),
        done: "The token counts from now on",
        shown: ({ token }) => <Secret secret={token} label="The token" />,
        children: (
          <>
            <TextField
              label="What it is for"
              maxLength={128}
              value={label}
              onChange={setLabel}
            />
            <ChoiceField
              label="Good for"
              value={term}
              choices={TERMS}
              onChange={setTerm}
            />
            <ChoiceField
              label="May do as much as"
              value={least}
              choices={[
                ["", `its owner: ${role}`],
                ...roleChoices(
                  upTo(role, PEOPLES_ROLES).filter((each) => each !== role),
                ),
              ]}
              onChange={setLeast}
            />
          </>
        ),
      }}
    />
  );
}
