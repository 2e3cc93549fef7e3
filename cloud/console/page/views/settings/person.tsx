import { useState } from "preact/hooks";
import type { Operator } from "../../api-types.js";
import { Badge, Facts, Head, Panel, Shown, count } from "../../parts/bits.js";
import { Time, span } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor, may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import type { ViewProps } from "../../view-props.js";
import { Credentials } from "./credentials.js";
import { SettingsFrame } from "./frame.js";
import { PersonChange, type PersonChangeName } from "./person-changes.js";
import { ROLES_EXPLAINED } from "./roles.js";

/** One of those who work with the cloud. */
export function Person({ id }: ViewProps) {
  const asked = useAsked<Operator>(`/operators/${encodeURIComponent(id)}`, {
    on: ["people"],
  });
  return (
    <SettingsFrame>
      {asked.data === undefined && <Head title={id} />}
      <Shown asked={asked}>
        {(person) => <Known person={person} refresh={asked.refresh} />}
      </Shown>
    </SettingsFrame>
  );
}

const CHANGES: readonly (readonly [PersonChangeName, string])[] = [
  ["role", "Change the role…"],
  ["password", "Set a password…"],
  ["token", "Make a token…"],
  ["disable", "Disable…"],
];

function Known({
  person,
  refresh,
}: {
  readonly person: Operator;
  readonly refresh: () => void;
}) {
  const [change, setChange] = useState<PersonChangeName | undefined>();
  const [round, setRound] = useState(0);
  const isDisabled = person.disabledAt !== null;
  const changes = isDisabled
    ? ([["enable", "Enable again…"]] as const)
    : CHANGES;
  return (
    <>
      <Head
        title={
          <>
            {person.name}{" "}
            {isDisabled ? (
              <Badge>disabled</Badge>
            ) : (
              <Badge tone="good">may sign in</Badge>
            )}
          </>
        }
      >
        {may("admin") &&
          changes.map(([name, says]) => (
            <button type="button" key={name} onClick={() => setChange(name)}>
              {says}
            </button>
          ))}
      </Head>
      <PersonFacts person={person} />
      <Panel title="What they prove themselves with">
        <Credentials
          operator={person.id}
          round={round}
          mayRevoke={may("admin")}
        />
      </Panel>
      {isVendor.value && (
        <p>
          <a href={to("/audit", { q: `by:${person.id}` })}>
            All that {person.name} changed
          </a>
        </p>
      )}
      {change !== undefined && (
        <PersonChange
          {...{ person, change }}
          onClose={() => setChange(undefined)}
          onDone={() => {
            setRound(round + 1);
            refresh();
          }}
        />
      )}
    </>
  );
}

function PersonFacts({ person }: { readonly person: Operator }) {
  const { role, org, limits, collection, subject, addedAt, addedBy } = person;
  return (
    <Facts
      of={[
        ["Role", `${role}: may ${ROLES_EXPLAINED[role]}`],
        ["Of", org ?? "the vendor"],
        ...(limits === null ? [] : [["Within", limitsSay(limits)] as const]),
        ...(collection === null
          ? []
          : [["Reads", `the bans of ${collection}`] as const]),
        ...(subject === null
          ? []
          : [
              [
                "At the issuer",
                `${subject.subject} of ${subject.issuer}`,
              ] as const,
            ]),
        [
          "Let in",
          <>
            <Time at={addedAt} as="date" /> by {addedBy}
          </>,
        ],
        ...(person.disabledAt === null
          ? []
          : [["Disabled", <Time at={person.disabledAt} as="date" />] as const]),
        ["Id", <code>{person.id}</code>],
      ]}
    />
  );
}

const limitsSay = ({
  perMinute,
  widestV4,
  widestV6,
  longestS,
}: NonNullable<Operator["limits"]>): string =>
  `${count(perMinute)} a minute, ranges up to /${widestV4} and /${widestV6}, for ${span(longestS * 1_000)} at most`;
