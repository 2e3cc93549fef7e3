import type { ComponentChildren } from "preact";
import type { Answers, Proposal } from "../../api-types.js";
import { Badge, Facts, Head, Panel, Shown } from "../../parts/bits.js";
import { Ranges } from "../../parts/ranges.js";
import { Time, Until, now, span } from "../../parts/time.js";
import { to } from "../../router.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import type { ViewProps } from "../../view-props.js";
import { Evidence } from "./evidence.js";
import {
  STATES,
  dangersOf,
  isOwn,
  sentence,
  stateOf,
  whatOf,
  whoOf,
} from "./proposal-texts.js";
import { Prospects } from "./prospects.js";
import { SettleButtons } from "./settle.js";

type Told = Answers["showProposal"];

/** One proposal: all that somebody needs who decides on it. */
export function ProposalView({ id }: ViewProps) {
  const asked = useAsked<Told>(`/proposals/${encodeURIComponent(id)}`, {
    on: ["proposal"],
  });
  return (
    <div class="view">
      {asked.data === undefined && <Head title={`Proposal ${id}`} />}
      <Shown asked={asked}>
        {(told) => <One told={told} refresh={asked.refresh} />}
      </Shown>
    </div>
  );
}

function One({
  told,
  refresh,
}: {
  readonly told: Told;
  readonly refresh: () => void;
}) {
  const { proposal, ranges, text } = told;
  const state = stateOf(proposal, now.value);
  const [says, tone] = STATES[state];
  return (
    <>
      <Head
        title={
          <>
            {whatOf(proposal)} <Badge tone={tone}>{says}</Badge>
          </>
        }
      >
        <SettleButtons
          proposal={proposal}
          isOpen={state === "open"}
          onDone={refresh}
        />
      </Head>
      {state === "open" && <WhoMay proposal={proposal} />}
      <div class="panels">
        <div class="view">
          <Panel title="What is proposed">
            <Facts of={factsOf(proposal)} />
          </Panel>
          {ranges.length > 0 && (
            <Panel title="Ranges">
              <Ranges of={ranges} total={totalOf(proposal)} />
            </Panel>
          )}
        </div>
        <div class="view">
          <Panel title="Why it needs a person">
            <ul class="sentences">
              {dangersOf(proposal).map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          </Panel>
          {state === "open" && (
            <Prospects proposal={proposal} ranges={ranges} />
          )}
        </div>
      </div>
      {text !== null && (
        <Panel title="All that it changes, word by word">
          <pre class="text">{text}</pre>
        </Panel>
      )}
      {proposal.kind === "rule" && <Evidence proposal={proposal} />}
    </>
  );
}

const totalOf = (proposal: Proposal): number =>
  proposal.kind === "rule" ? 1 : proposal.ranges;

/** What is not a button here, and why. */
function WhoMay({ proposal }: { readonly proposal: Proposal }) {
  if (isOwn(proposal)) {
    return (
      <p class="nothing">
        You proposed it yourself: somebody else decides on it. You may withdraw
        it.
      </p>
    );
  }
  if (may("approver")) return null;
  return <p class="nothing">Whoever is an approver may release it.</p>;
}

type Fact = readonly [string, ComponentChildren];

function factsOf(proposal: Proposal): readonly Fact[] {
  const { proposedAt, reason, expiresAt, verdict } = proposal;
  return [
    ["By", whoOf(proposal)],
    ["Proposed", <Time at={proposedAt} as="date" />],
    ["Why", reason === "" ? "No reason was given." : reason],
    ...(proposal.kind === "order" ? termsOf(proposal) : []),
    ...(proposal.kind === "rule" ? seenOf(proposal) : []),
    ...(verdict === null
      ? [["Runs out", <Until at={expiresAt} />] as const]
      : settledOf(proposal)),
  ];
}

const seenOf = ({
  orgs,
}: Extract<Proposal, { readonly kind: "rule" }>): readonly Fact[] => [
  ["Seen at", orgs.join(", ")],
  ["For", "Everybody, in the feed urgent"],
];

function termsOf(
  order: Extract<Proposal, { readonly kind: "order" }>,
): readonly Fact[] {
  const { action, lasts, undoes, change } = order;
  const isBan = action === "ban" || action === "import";
  return [
    ...(change === null ? [] : [["Change", sentence(change.says)] as const]),
    ...(order.feeds.length === 0
      ? []
      : [["Feed", order.feeds.join(", ")] as const]),
    ...(isBan ? [["Lasts", lastsSaid(lasts)] as const] : []),
    ...(undoes === null
      ? []
      : [
          [
            "Undoes",
            <a href={to(`/decisions/${undoes}`)}>{undoes}</a>,
          ] as const,
        ]),
    ...mannerOf(order),
  ];
}

const lastsSaid = (seconds: number | null): string =>
  seconds === null
    ? "Without an end"
    : `${span(seconds * 1_000)} from its release on`;

/** How it is meant, where that is not as usual. */
function mannerOf(
  order: Extract<Proposal, { readonly kind: "order" }>,
): readonly Fact[] {
  const manners = [
    order.observed && "Hosts only count, and drop nothing.",
    order.replace && "What stands and is stronger gives way to it.",
    order.within && "Bans that lie in the ranges are lifted, too.",
    order.atOnce && "All hosts at once, not ring by ring.",
    order.wrong && "What it undoes is to be known as wrong.",
  ].filter((each) => each !== false);
  return manners.length === 0 ? [] : [["How", manners.join(" ")]];
}

function settledOf(proposal: Proposal): readonly Fact[] {
  const { settledAt, settledBy, settledWhy, decision } = proposal;
  return [
    [
      "Settled",
      <>
        {settledBy}, <Time at={settledAt} as="date" />
      </>,
    ],
    ...(settledWhy === null || settledWhy === ""
      ? []
      : [["They said", settledWhy] as const]),
    ...(proposal.kind === "rule" && proposal.wrong
      ? [["Evidence", "It was found wrong."] as const]
      : []),
    ...(decision === null
      ? []
      : [
          [
            "Decision",
            <a href={to(`/decisions/${decision}`)}>{decision}</a>,
          ] as const,
        ]),
  ];
}
