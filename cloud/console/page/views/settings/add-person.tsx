import { useState } from "preact/hooks";
import type { Operator } from "../../api-types.js";
import { ChangeDialog } from "../../parts/change.js";
import { TextField } from "../../parts/fields.js";
import { navigate, to } from "../../router.js";
import { GrantFields, NEW_GRANT, grantBody } from "./grant-fields.js";

/** Lets a person or a machine in; how they sign in is settled on their page. */
export function AddPersonDialog({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [grant, setGrant] = useState(NEW_GRANT);
  return (
    <ChangeDialog<Operator>
      onClose={onClose}
      plan={{
        title: "Let somebody in",
        ...{ verb: "Let them in", method: "POST", path: "/operators" },
        bodyOf: () => ({ name, ...grantBody(grant) }),
        isReady: name.trim() !== "",
        done: `${name} is in: settle now how they sign in`,
        onDone: ({ id }) => navigate(to(`/settings/people/${id}`)),
        children: (
          <>
            <TextField
              label="Name"
              hint="By which they sign in."
              maxLength={64}
              value={name}
              onChange={setName}
            />
            <GrantFields grant={grant} onChange={setGrant} />
          </>
        ),
      }}
    />
  );
}
