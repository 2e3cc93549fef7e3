import type { CoverageDetail, Covered } from "../../api-types.js";
import { count, counted } from "../../parts/bits.js";
import { doneOf } from "../../parts/decided-said.js";
import type { Sorted } from "../../parts/host-groups.js";
import { tookText } from "./curve.js";

type Host = CoverageDetail["hosts"][number];

/** How far a decision has come: in a sentence, and to be seen. */
export function Hero({
  coverage,
  sorted,
}: {
  readonly coverage: Covered;
  readonly sorted: Sorted<Host>;
}) {
  const { must, over } = coverage;
  const parts = partsOf(coverage, sorted);
  return (
    <section class="hero" aria-label="How far it has come">
      {over !== null && <p class="hero-over">{OVER[over]}</p>}
      {must === 0 ? (
        <p class="hero-says">No host had to take it.</p>
      ) : (
        <Sentence coverage={coverage} />
      )}
      <div class="hero-bar" aria-hidden="true">
        {parts.map(({ name, kind, hosts }) => (
          <span
            key={name}
            class={kind}
            style={{ width: `${(100 * hosts) / Math.max(1, must)}%` }}
          />
        ))}
      </div>
      <ul class="hero-key">
        {parts.map(({ name, kind, hosts }) => (
          <li key={name} class={kind} hidden={hosts === 0}>
            <span class="hero-dot" aria-hidden="true" />
            {count(hosts)} {name}
          </li>
        ))}
      </ul>
    </section>
  );
}

const OVER: Readonly<Record<NonNullable<Covered["over"]>, string>> = {
  expired: "It has expired: no host holds it any more. This is how it was.",
  gone: "Later decisions took it back, or put something else in its place. This is how it was.",
  "new-epoch": "Its feed was begun anew since: no host holds it any more.",
};

function Sentence({ coverage }: { readonly coverage: Covered }) {
  const { decision, must, holding, missing, times } = coverage;
  return (
    <p class="hero-says">
      {doneOf(decision)} on{" "}
      <strong>
        {count(holding)} of {counted(must, "host")}
      </strong>
      {times !== null && holding > 0 && (
        <>
          , 99 % of them within <strong>{tookText(times.p99)}</strong>
        </>
      )}
      {missing > 0 && (
        <>
          ; {count(missing)} {missing === 1 ? "is" : "are"} missing
        </>
      )}
    </p>
  );
}

/** Each host is in one of them. */
function partsOf(
  { decision, inPart }: Covered,
  { doing, missing, held, others }: Sorted<Host>,
) {
  const silent = missing.filter(({ connected }) => connected).length;
  const heldAll = new Set(
    held.flatMap(({ hosts }) => hosts.map(({ agent }) => agent)),
  ).size;
  return [
    {
      ...{ name: doneOf(decision).toLowerCase(), kind: "good" },
      hosts: doing.length,
    },
    { name: "held in part", kind: "warn half", hosts: inPart },
    { name: "held back", kind: "warn", hosts: heldAll - inPart },
    ...others.map(({ of, hosts }) => ({
      name: OTHERS[of] ?? of,
      kind: of === "ring" ? "calm" : "warn",
      hosts: hosts.length,
    })),
    { name: "have not answered yet", kind: "calm", hosts: silent },
    { name: "offline", kind: "bad", hosts: missing.length - silent },
  ];
}

/** What several hosts do instead, by their state. */
const OTHERS: Readonly<Record<string, string>> = {
  observed: "only count",
  "taken-back": "took it back",
  refused: "refused it",
  ring: "wait for their turn",
  released: "released it there",
  "rolled-back": "rolled it back",
  "not-enforcing": "do not enforce",
};
