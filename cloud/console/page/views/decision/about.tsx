import type { ComponentChildren } from "preact";
import type { Decision, DecisionDetail } from "../../api-types.js";
import { Badge, count, counted, Facts, Panel } from "../../parts/bits.js";
import { feedSaid } from "../../parts/feed-said.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { countsSaid } from "./undo-said.js";

/** Who decided what, when and why; and what became of it later. */
export function AboutPanel({ told }: { readonly told: DecisionDetail }) {
  const { decision, undoes, undone } = told;
  return (
    <Panel title="Decided">
      <Facts of={factsOf(decision, undoes)} />
      {undone.map((each) => (
        <p class="undone" key={each.at}>
          <Badge tone="warn">{each.wrong ? "found wrong" : "undone"}</Badge>{" "}
          <Time at={each.at} /> by {each.by ?? "the vendor"}
          {each.reason !== "" && <>: “{each.reason}”</>}.{" "}
          {countsSaid(each.counts)}
          {each.decision !== null && (
            <>
              {" "}
              <a href={to(`/decisions/${each.decision}`)}>{each.decision}</a>
            </>
          )}
        </p>
      ))}
    </Panel>
  );
}

type Fact = readonly [string, ComponentChildren];

function factsOf(decision: Decision, undoes: string | null): readonly Fact[] {
  const { decidedAt, reason, feed, until, action, confidence } = decision;
  const facts: Fact[] = [
    ["When", <When at={decidedAt} />],
    ["By", <By decision={decision} />],
    ["Why", reason === "" ? <span class="faint">nobody said</span> : reason],
    ["What", <Targets decision={decision} />],
    [
      "For",
      <>
        {feedSaid(feed)} <Badge>{feed}</Badge>
      </>,
    ],
  ];
  if (action !== "lift") facts.push(["Ends", <Until at={until} />]);
  if (confidence !== null) {
    facts.push([
      "How sure",
      `the rule was ${Math.floor(confidence * 100)} % sure`,
    ]);
  }
  if (undoes !== null) {
    const link = <a href={to(`/decisions/${undoes}`)}>{undoes}</a>;
    facts.push(["Undoes", link]);
  }
  return [
    ...facts,
    ["Number", <span class="mono">{placeSaid(decision)}</span>],
  ];
}

const When = ({ at }: { readonly at: string }) => (
  <>
    <Time at={at} as="date" /> <span class="faint">(</span>
    <Time at={at} />
    <span class="faint">)</span>
  </>
);

function By({ decision: { by, rules } }: { readonly decision: Decision }) {
  if (by === null) return <>the vendor</>;
  if (!by.startsWith("rule:")) return <>{by}</>;
  const name = by.slice("rule:".length);
  const version = rules === null ? "" : `, version ${rules}`;
  return (
    <>
      the rule {isVendor.value ? <a href={to("/rules")}>{name}</a> : name}
      <span class="faint">{version}</span>
    </>
  );
}

/** Its place in the log of decisions, and in its feed. */
const placeSaid = ({ decision, seq }: Decision): string =>
  `${decision}, no. ${count(seq)} in the log`;

function Targets({ decision }: { readonly decision: Decision }) {
  const { targets, ranges, decision: id } = decision;
  const more = ranges - targets.length;
  return (
    <span class="targets">
      {targets.map((range) => (
        <a key={range} class="mono" href={to("/address", { of: range })}>
          {range}
        </a>
      ))}
      {more > 0 && (
        <a href={to("/bans", { q: `decision:${id}` })}>
          {targets.length === 0
            ? counted(more, "range")
            : `and ${count(more)} more`}
        </a>
      )}
    </span>
  );
}
