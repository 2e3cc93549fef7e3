import type { DecisionDetail } from "../../api-types.js";
import { Nothing } from "../../parts/bits.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { session } from "../../session.js";
import { useAsked } from "../../use-asked.js";

/** Decisions that a contest is about, each with who made it, and why. */
export function DecisionsAbout({ of }: { readonly of: readonly string[] }) {
  if (of.length === 0) return <Nothing>None is known any more.</Nothing>;
  return (
    <ul class="decisions-about">
      {of.map((id) => (
        <DecisionAbout key={id} id={id} />
      ))}
    </ul>
  );
}

const DID: Readonly<Record<DecisionDetail["decision"]["action"], string>> = {
  ...{ ban: "banned", lift: "lifted", import: "imported" },
};

function DecisionAbout({ id }: { readonly id: string }) {
  const { data } = useDecision(id);
  const { action, by, decidedAt, reason } = data?.decision ?? {};
  return (
    <li>
      <a href={to(`/decisions/${id}`)}>{id}</a>
      {action !== undefined && (
        <span class="faint">
          : {DID[action]} by {by ?? "somebody"}, <Time at={decidedAt} />
          {reason !== "" && `: ${reason}`}
        </span>
      )}
    </li>
  );
}

const useDecision = (id: string | undefined) =>
  useAsked<DecisionDetail>(
    id === undefined ? undefined : `/decisions/${encodeURIComponent(id)}`,
  );

/** Whether the first of the decisions is one's own. */
export function useIsOwn([first]: readonly string[]): boolean {
  const { data } = useDecision(first);
  const own = session.value?.operator.name;
  return data !== undefined && data.decision.by === own;
}
