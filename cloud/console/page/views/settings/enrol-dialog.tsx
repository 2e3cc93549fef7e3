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
  ["enforce", "enforce: drop what is banned"],
  ["observe", "only count, until their operator says otherwise"],
] as const;

/** A token for one host or more: it is shown once. */
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
  const [hosts, setHosts] = useState(ONE);
  const org = chosen === "" ? (orgs?.[0]?.id ?? "") : chosen;
  return (
    <ChangeDialog<Answers["makeEnrolmentToken"]>
      onClose={onClose}
      plan={{
        title: "Make a token for new hosts",
        ...{ verb: "Make it", method: "POST", path: "/enrolment-tokens" },
        bodyOf: () => ({
          org,
          expiresIn: term,
          label,
          mode,
          ...termsOf(hosts),
        }),
        isReady: org !== "",
        ...{ done: "Hosts come in by the token from now on", onDone },
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
              label="What it is for (may be left out)"
              maxLength={128}
              value={label}
              onChange={setLabel}
            />
            <HostFields hosts={hosts} onChange={setHosts} />
            <ChoiceField
              label="Good for"
              value={term}
              choices={TERMS}
              onChange={setTerm}
            />
            <ChoiceField
              label="Hosts begin as such that"
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

/** As they are written into the fields. */
interface Hosts {
  readonly uses: string;
  readonly tags: string;
  readonly networks: string;
}

const ONE: Hosts = { uses: "1", tags: "", networks: "" };

/** What is not said right, the cloud refuses by its name. */
const termsOf = ({ uses, tags, networks }: Hosts) => ({
  uses: Number(uses),
  ...{ tags: wordsOf(tags), networks: wordsOf(networks) },
});

const wordsOf = (text: string): readonly string[] =>
  text.split(/[\s,]+/).filter((word) => word !== "");

/** Which hosts, and how many. */
function HostFields({
  hosts,
  onChange,
}: {
  readonly hosts: Hosts;
  readonly onChange: (hosts: Hosts) => void;
}) {
  return (
    <>
      <TextField
        label="How many hosts come in by it"
        maxLength={6}
        value={hosts.uses}
        onChange={(uses) => onChange({ ...hosts, uses })}
      />
      <TextField
        label="Tags that they get (may be left out)"
        maxLength={256}
        value={hosts.tags}
        onChange={(tags) => onChange({ ...hosts, tags })}
      />
      <TextField
        label="Only from these networks (may be left out)"
        maxLength={1024}
        value={hosts.networks}
        onChange={(networks) => onChange({ ...hosts, networks })}
      />
    </>
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
