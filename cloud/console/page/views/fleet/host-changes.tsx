import { useState } from "preact/hooks";
import type { Host } from "../../api-types.js";
import { ChangeDialog } from "../../parts/change.js";
import { TextField } from "../../parts/fields.js";
import { navigate, to } from "../../router.js";

export type HostChangeName = "tags" | "clones" | "revoke" | "forget";

/** What an admin may change of a host as it is. */
export function changesFor({ state, cloned, lastSeen }: Host): readonly {
  readonly name: HostChangeName;
  readonly says: string;
}[] {
  const isRevoked = state === "revoked";
  const isGone = isRevoked || isLongAgo(lastSeen);
  return [
    ...(isRevoked ? [] : [{ name: "tags", says: "Tags…" } as const]),
    ...(cloned > 0
      ? [{ name: "clones", says: "Clones were seen to…" } as const]
      : []),
    ...(isRevoked ? [] : [{ name: "revoke", says: "Revoke…" } as const]),
    ...(isGone ? [{ name: "forget", says: "Forget…" } as const] : []),
  ];
}

/** What the cloud asks for before it forgets a host that was not revoked. */
const LONG_GONE_MS = 30 * 24 * 60 * 60 * 1_000;

const isLongAgo = (at: string | null): boolean =>
  at !== null && Date.now() - Date.parse(at) >= LONG_GONE_MS;

interface HostChangeProps {
  readonly host: Host;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function HostChange({
  change,
  ...props
}: HostChangeProps & { readonly change: HostChangeName }) {
  if (change === "tags") return <TagsDialog {...props} />;
  if (change === "clones") return <ClonesDialog {...props} />;
  if (change === "revoke") return <RevokeDialog {...props} />;
  return <ForgetDialog {...props} />;
}

function TagsDialog({ host, onClose, onDone }: HostChangeProps) {
  const [text, setText] = useState(host.tags.join(" "));
  const tags = text.split(/[\s,]+/).filter((tag) => tag !== "");
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Tags of ${host.hostname}`,
        ...{ verb: "Tag it so", method: "PUT", onDone },
        path: `/agents/${host.id}/tags`,
        bodyOf: () => ({ tags }),
        done: `${host.hostname} is tagged ${tags.join(", ") || "with nothing"}`,
        children: (
          <TextField
            label="Tags"
            hint="Small letters, digits and -, with spaces between; 16 at most. Policies choose hosts by them."
            value={text}
            onChange={setText}
          />
        ),
      }}
    />
  );
}

function ClonesDialog({ host, onClose, onDone }: HostChangeProps) {
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Somebody has seen to the clones of ${host.hostname}`,
        ...{ verb: "They were seen to", method: "POST", onDone },
        path: `/agents/${host.id}/clear-clones`,
        done: `Noted: the clones of ${host.hostname} were seen to`,
        children: (
          <p>
            Two live processes had its key. Say so once only one of them runs,
            and nobody has its key who should not. Else revoke it, and have the
            host enrol anew.
          </p>
        ),
      }}
    />
  );
}

function RevokeDialog({ host, onClose, onDone }: HostChangeProps) {
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Revoke ${host.hostname}`,
        ...{ verb: "Revoke it", isDanger: true, method: "POST", onDone },
        path: `/agents/${host.id}/revoke`,
        reason: "optional",
        bodyOf: (reason) => (reason === "" ? {} : { reason }),
        done: `${host.hostname} is revoked`,
        children: (
          <p>
            The cloud trusts it no more, and closes its connection at once. Bans
            that are in its kernel stay there until they end. To come back, it
            has to enrol anew.
          </p>
        ),
      }}
    />
  );
}

function ForgetDialog({ host, onClose }: HostChangeProps) {
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Forget ${host.hostname}`,
        ...{ verb: "Forget it", isDanger: true, method: "POST" },
        path: `/agents/${host.id}/forget`,
        done: `${host.hostname} is listed no more`,
        onDone: () => navigate(to("/fleet"), "replace"),
        children: (
          <p>
            It is listed no more. What it signed and what it saw stay in the
            logs for as long as they are kept.
          </p>
        ),
      }}
    />
  );
}
