import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import { ChangeDialog } from "../../parts/change.js";
import { ChoiceField, TextField } from "../../parts/fields.js";
import { Secret } from "../../parts/secret.js";
import { session } from "../../session.js";
import { useAsked } from "../../use-asked.js";

const TERMS = [
  ["1h", "an hour"],
  ["24h", "a day"],
  ["7d", "a week"],
  ["30d", "30 days"],
] as const;

const MODES = [
  ["enforce", "enforces: drops what is banned"],
  ["observe", "only counts, until its operator says otherwise"],
] as const;

/** A token for one host: it is shown once. */
export function EnrolDialog({
  org: given,
  onClose,
  onDone,
}: {
  /** "": it is to be chosen. */
  readonly org: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const own = session.value?.operator.org ?? null;
  const orgs = useAsked<Page<Answers["listOrgs"]["items"][number]>>(
    own === null ? "/orgs" : undefined,
  ).data?.items;
  const [chosen, setChosen] = useState(own ?? given);
  const [label, setLabel] = useState("");
  const [term, setTerm] = useState("24h");
  const [mode, setMode] = useState("enforce");
  const org = chosen === "" ? (orgs?.[0]?.id ?? "") : chosen;
  return (
    <ChangeDialog<Answers["makeEnrolmentToken"]>
      onClose={onClose}
      plan={{
        title: "Make a token for one host",
        ...{ verb: "Make it", method: "POST", path: "/enrolment-tokens" },
        bodyOf: () => ({ org, expiresIn: term, label, mode }),
        isReady: org !== "",
        ...{ done: "The token is good for one host", onDone },
        shown: ({ token }) => <Shown token={token} />,
        children: (
          <>
            {own === null && (
              <ChoiceField
                label="Customer"
                value={org}
                choices={(orgs ?? []).map(
                  ({ id, name }) => [id, name] as const,
                )}
                onChange={setChosen}
              />
            )}
            <TextField
              label="For which host (may be left out)"
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
              label="The host begins as one that"
              value={mode}
              choices={MODES}
              onChange={setMode}
            />
          </>
        ),
      }}
    />
  );
}

function Shown({ token }: { readonly token: string }) {
  return (
    <>
      <Secret secret={token} label="The enrolment token" />
      <p>
        On the host, in a file called token:{" "}
        <code>sudo ./installer/install.sh --token-file token</code>
      </p>
    </>
  );
}
