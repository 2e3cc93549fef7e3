import type { ComponentChildren } from "preact";
import type { Contest } from "../../api-types.js";
import { Badge, Facts, Head, Panel, Shown } from "../../parts/bits.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import type { ViewProps } from "../../view-props.js";
import { AnswerButton } from "./answer-button.js";
import { BansOnAddress } from "./bans-on-address.js";
import { PROOFS, stateOf } from "./contest-texts.js";
import { DecisionsAbout } from "./decisions-about.js";

/** What somebody says of a ban, and what is said to them. */
export function ContestView({ id }: ViewProps) {
  const asked = useAsked<Contest>(`/contests/${encodeURIComponent(id)}`, {
    on: ["contest"],
  });
  return (
    <div class="view">
      {asked.data === undefined && <Head title={`Contest ${id}`} />}
      <Shown asked={asked}>
        {(contest) => <One contest={contest} refresh={asked.refresh} />}
      </Shown>
    </div>
  );
}

function One({
  contest,
  refresh,
}: {
  readonly contest: Contest;
  readonly refresh: () => void;
}) {
  const [says, tone] = stateOf(contest);
  const { address, decisions, state } = contest;
  return (
    <>
      <Head
        title={
          <>
            <span class="mono">{address}</span>{" "}
            <Badge tone={tone}>{says}</Badge>
          </>
        }
      >
        <a class="button" href={to("/address", { of: address })}>
          All about the address
        </a>
        <AnswerButton {...{ contest, refresh }} />
      </Head>
      <div class="panels">
        <Panel title="What they say">
          <p class="said">{contest.why}</p>
          <Facts of={factsOf(contest)} />
        </Panel>
        {state !== "open" && (
          <Panel title="What they were told">
            <p class="said">{contest.answer}</p>
            <Facts of={answerFactsOf(contest)} />
          </Panel>
        )}
        <Panel title="Decisions that ban it, or did">
          <DecisionsAbout of={decisions} />
        </Panel>
      </div>
      <BansOnAddress address={address} />
    </>
  );
}

type Fact = readonly [string, ComponentChildren];

function factsOf(contest: Contest): readonly Fact[] {
  const { contact, proof, openedBy, openedAt, state, answerBy } = contest;
  return [
    ["How to reach them", contact === "" ? "They did not say." : contact],
    ["Whose address", `${PROOFS[proof]}.`],
    ["Opened by", openedBy],
    ["Opened", <Time at={openedAt} as="date" />],
    ...(state === "open"
      ? [["Answer due", <Until at={answerBy} />] as const]
      : []),
  ];
}

const answerFactsOf = (contest: Contest): readonly Fact[] => [
  [
    "By",
    <>
      {contest.answeredBy}
      {contest.bySelf === true &&
        ", who had a part in the ban: there was nobody else"}
    </>,
  ],
  ["Answered", <Time at={contest.answeredAt} as="date" />],
  ...(contest.until === null
    ? []
    : [["Banned until", <Until at={contest.until} />] as const]),
];
