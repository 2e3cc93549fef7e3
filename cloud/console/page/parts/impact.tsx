import type { Impact } from "../api-types.js";
import { useSent, type Sent } from "../use-sent.js";
import { Shown, count, counted } from "./bits.js";
import { Time } from "./time.js";

/** Hosts are asked of so many ranges at once. */
const MOST_ASKED = 256;

/**
 * Asks hosts what they have to do with ranges now.
 * @param ranges none: nobody is asked
 */
export function useImpact(
  ranges: readonly string[],
  feed: string | undefined,
): Sent<Impact> {
  const few = ranges.slice(0, MOST_ASKED);
  return useSent<Impact>(
    few.length === 0
      ? undefined
      : {
          path: "/impact",
          body: { ranges: few, ...(feed !== undefined && { feed }) },
        },
  );
}

/** What a ban of the ranges would cut. */
export function ImpactOf({
  ranges,
  feed,
}: {
  readonly ranges: readonly string[];
  readonly feed?: string | undefined;
}) {
  const asked = useImpact(ranges, feed);
  return <ImpactSaid asked={asked} of={ranges.length} />;
}

export function ImpactSaid({
  asked,
  of,
}: {
  readonly asked: Sent<Impact>;
  /** How many ranges it is about. */
  readonly of: number;
}) {
  return (
    <Shown asked={asked}>
      {(impact) => (
        <ul class="sentences">
          {of > MOST_ASKED && (
            <li>Hosts were asked of the first {count(MOST_ASKED)} ranges.</li>
          )}
          {saidOf(impact).map((each) => (
            <li key={each}>{each}</li>
          ))}
          {impact.since !== null && <Lately {...impact} />}
        </ul>
      )}
    </Shown>
  );
}

function Lately({ recent, recentBegun, since }: Impact) {
  return (
    <li>
      Since <Time at={since} as="date" />{" "}
      {recent === 0
        ? "no host spoke with it."
        : `hosts spoke with ${counted(recent, "address", "addresses")} of it, and called ${count(recentBegun)} themselves.`}
    </li>
  );
}

function saidOf(impact: Impact): readonly string[] {
  const { asked, answered, partial } = impact;
  if (asked === 0) return ["No host is connected that it would reach."];
  return [
    answered === asked
      ? `${counted(asked, "host")} answered.`
      : `${count(answered)} of ${counted(asked, "host")} answered: of the others it is not known.`,
    openSaid(impact),
    ...(partial === 0
      ? []
      : [`${counted(partial, "host")} could not see all that is open there.`]),
  ];
}

function openSaid({
  affected,
  affectedBegun,
  live,
  liveBegun,
}: Impact): string {
  if (affected === 0) return "No host has a connection open with it.";
  const have = affected === 1 ? "has" : "have";
  const open = `${counted(affected, "host")} ${have} ${counted(live, "connection")} open with it`;
  if (affectedBegun === 0) return `${open}, none of which a host began itself.`;
  return `${open}; ${counted(affectedBegun, "host")} began ${count(liveBegun)} of these themselves, and may need them.`;
}
