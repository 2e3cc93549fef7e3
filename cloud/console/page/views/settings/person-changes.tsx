import { useState } from "preact/hooks";
import type { Operator } from "../../api-types.js";
import { ChangeDialog } from "../../parts/change.js";
import { GrantFields, NEW_GRANT, grantBody } from "./grant-fields.js";
import { PasswordDialog } from "./password-dialog.js";
import { TokenDialog } from "./token-dialog.js";

export type PersonChangeName =
  "role" | "password" | "token" | "disable" | "enable";

interface PersonChangeProps {
  readonly person: Operator;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** What an admin changes of somebody. */
export function PersonChange({
  change,
  ...props
}: PersonChangeProps & { readonly change: PersonChangeName }) {
  const { id: operator, role } = props.person;
  const { onClose, onDone } = props;
  if (change === "role") return <RoleDialog {...props} />;
  if (change === "password") {
    return <PasswordDialog {...{ operator, onClose, onDone }} />;
  }
  if (change === "token") {
    return <TokenDialog {...{ operator, role, onClose, onDone }} />;
  }
  return <AbleDialog {...props} disabled={change === "disable"} />;
}

function RoleDialog({ person, onClose, onDone }: PersonChangeProps) {
  const [grant, setGrant] = useState({
    ...{ ...NEW_GRANT, role: person.role, org: person.org ?? "" },
    ...boundsOf(person),
  });
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `What ${person.name} may`,
        ...{ verb: "Change it", method: "PATCH", onDone },
        path: `/operators/${person.id}`,
        reason: "optional",
        bodyOf: (reason) => ({ ...grantBody(grant), reason }),
        done: `${person.name} may do what you chose`,
        children: <GrantFields grant={grant} onChange={setGrant} />,
      }}
    />
  );
}

const DAY_S = 86_400;

function boundsOf({ limits, collection }: Operator) {
  return {
    ...(collection !== null && { collection }),
    ...(limits !== null && {
      perMinute: String(limits.perMinute),
      widestV4: String(limits.widestV4),
      widestV6: String(limits.widestV6),
      longestDays: String(limits.longestS / DAY_S),
    }),
  };
}

function AbleDialog({
  person: { id, name },
  disabled,
  onClose,
  onDone,
}: PersonChangeProps & { readonly disabled: boolean }) {
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: disabled ? `Disable ${name}` : `Enable ${name} again`,
        verb: disabled ? "Disable them" : "Enable them",
        ...{ isDanger: disabled, method: "PATCH", onDone },
        path: `/operators/${id}`,
        reason: "optional",
        bodyOf: (reason) => ({ disabled, reason }),
        done: disabled ? `${name} is sent away` : `${name} may sign in again`,
        children: (
          <p>
            {disabled
              ? "Their sessions end at once, and nothing that they prove themselves with counts. What they did stays in the record."
              : "What they proved themselves with counts again, as far as it has not ended."}
          </p>
        ),
      }}
    />
  );
}
