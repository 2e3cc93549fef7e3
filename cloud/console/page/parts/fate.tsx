import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { CoverageDetail } from "../api-types.js";
import { to } from "../router.js";
import { useAsked } from "../use-asked.js";
import { Badge, Failure, counted } from "./bits.js";
import { doneOf } from "./decided-said.js";
import { reasonsOf } from "./fate-reasons.js";
import { ShareBar } from "./share-bar.js";

/** What became of an order so far; never more than is known. */
export type Fate =
  | { readonly kind: "sent" }
  | { readonly kind: "decided"; readonly decision: string }
  | { readonly kind: "waits"; readonly proposal: string }
  | { readonly kind: "nothing" }
  /** It is done; whatever was decided spreads from now on. */
  | {
      readonly kind: "done";
      readonly says: string;
      readonly decisions: readonly string[];
    };

/** *sent → decided (number) → in force on n of N → held here, because*. */
export function FateSteps({ fate }: { readonly fate: Fate }) {
  if (fate.kind === "waits") return <Waits proposal={fate.proposal} />;
  if (fate.kind === "nothing") {
    return (
      <p class="fate" role="status">
        Nothing had to change, and nothing did.
      </p>
    );
  }
  return (
    <ol class="fate" aria-live="polite">
      <li class={fate.kind === "sent" ? "now" : "done"}>Sent to the cloud</li>
      {fate.kind === "done" && <li class="done">{fate.says}</li>}
      {decisionsOf(fate).map((decision) => (
        <Fragment key={decision}>
          <li class="done">
            Decided: <a href={to(`/decisions/${decision}`)}>{decision}</a>
          </li>
          <InForce decision={decision} />
        </Fragment>
      ))}
    </ol>
  );
}

function decisionsOf(fate: Fate): readonly string[] {
  if (fate.kind === "decided") return [fate.decision];
  return fate.kind === "done" ? fate.decisions : [];
}

function Waits({ proposal }: { readonly proposal: string }) {
  return (
    <p role="status">
      <Badge tone="warn">waits</Badge> It takes a second person:{" "}
      <a href={to(`/proposals/${proposal}`)}>{proposal}</a> is before them now.
      Nothing is in force yet.
    </p>
  );
}

/** How often hosts' answers are looked at: soon at first, and then calmly. */
const SOON_MS = 400;
const CALM_MS = 3_000;
const SOON_FOR_MS = 30_000;

function InForce({ decision }: { readonly decision: string }) {
  const [isCalm, setCalm] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(true), SOON_FOR_MS);
    return () => clearTimeout(timer);
  }, []);
  const { data, error } = useAsked<CoverageDetail>(`/coverage/${decision}`, {
    every: isCalm ? CALM_MS : SOON_MS,
  });
  if (data === undefined) {
    return (
      <li class="now">{error ? <Failure error={error} /> : "Asking hosts…"}</li>
    );
  }
  const { coverage, hosts } = data;
  const isAll = coverage.holding === coverage.must;
  return (
    <>
      <li class={isAll ? "done" : "now"}>
        {doneOf(coverage.decision)} on <ShareBar share={coverage} />
      </li>
      {reasonsOf(hosts, coverage.decision).map(([reason, many]) => (
        <li key={reason} class="held">
          {counted(many, "host")}: {reason}
        </li>
      ))}
    </>
  );
}
