import type { Banned, Lifted, Proposal, Undone } from "../../api-types.js";
import { Panel, Shown, count, counted } from "../../parts/bits.js";
import { heldSaid } from "../../parts/held-said.js";
import { ImpactOf } from "../../parts/impact.js";
import { may } from "../../session.js";
import { useSent, type Question } from "../../use-sent.js";

/** What would become of it, were it released now: as the cloud and hosts say. */
export function Prospects({
  proposal,
  ranges,
}: {
  readonly proposal: Proposal;
  readonly ranges: readonly string[];
}) {
  const feed = proposal.kind === "rule" ? "urgent" : proposal.feeds[0];
  const isBan = proposal.kind === "rule" || proposal.action === "ban";
  const question = questionOf(proposal, ranges);
  const asked = useSent<Foreseen>(may("analyst") ? question : undefined);
  if (question === undefined || !may("analyst")) return null;
  return (
    <>
      <Panel title="What it would do now">
        <Shown asked={asked}>
          {(answer) => (
            <ul class="sentences">
              {foreseenOf(answer).map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          )}
        </Shown>
      </Panel>
      {isBan && (
        <Panel title="What it would cut">
          <ImpactOf ranges={ranges} feed={feed} />
        </Panel>
      )}
    </>
  );
}

/** A dry run never waits for somebody. */
type Dry<T> = Extract<T, { readonly dryRun: boolean }>;

type Foreseen = Dry<Banned> | Dry<Lifted> | Dry<Undone>;

/** The very order, as a dry run. */
function questionOf(
  proposal: Proposal,
  ranges: readonly string[],
): Question | undefined {
  if (proposal.kind === "rule") {
    return { path: "/bans", body: { ranges, feed: "urgent", dryRun: true } };
  }
  const { action, undoes, wrong } = proposal;
  const [feed, ...others] = proposal.feeds;
  if (action === "ban" && feed !== undefined) {
    const { lasts, observed: observe, replace } = proposal;
    const term = lasts === null ? "permanent" : `${lasts}s`;
    const body = { ranges, feed, for: term, observe, replace, dryRun: true };
    return { path: "/bans", body };
  }
  if (action === "lift") {
    const where = others.length > 0 ? { allFeeds: true } : { feed };
    const { within } = proposal;
    const body = { ranges, ...where, within, dryRun: true };
    return { path: "/lifts", body };
  }
  if (action === "undo" && undoes !== null) {
    const body = { reason: "as foreseen", wrong, dryRun: true };
    return { path: `/decisions/${encodeURIComponent(undoes)}/undo`, body };
  }
  return undefined;
}

function foreseenOf(answer: Foreseen): readonly string[] {
  if ("undoes" in answer) return undoSaid(answer);
  return "allFeeds" in answer ? liftSaid(answer) : banSaid(answer);
}

type Effect = Dry<Banned>["effects"][number]["effect"];

/** What becomes of so many ranges. */
const EFFECTS: Readonly<Record<Effect, readonly [string, string]>> = {
  new: ["is not banned yet, and would be", "are not banned yet, and would be"],
  extended: [
    "is banned already, and would be for longer",
    "are banned already, and would be for longer",
  ],
  enforced: [
    "is only observed, and would be banned",
    "are only observed, and would be banned",
  ],
  shortened: ["would be banned for less", "would be banned for less"],
  weakened: ["would only be observed", "would only be observed"],
  unchecked: ["would be banned", "would be banned"],
  unchanged: [
    "is banned for as long already: nothing would change",
    "are banned for as long already: nothing would change",
  ],
  "would-shorten": [
    "is banned for longer, and stays so",
    "are banned for longer, and stay so",
  ],
  "would-weaken": [
    "is banned, and stays so where this would only observe",
    "are banned, and stay so where this would only observe",
  ],
};

function banSaid({ effects }: Dry<Banned>): readonly string[] {
  const byEffect = tally(effects.map(({ effect }) => effect));
  const held = tally(effects.flatMap((each) => each.held ?? []));
  return [
    ...byEffect.map(([effect, many]) => {
      const [one, more] = EFFECTS[effect];
      return `${counted(many, "range")} ${many === 1 ? one : more}.`;
    }),
    ...(held.length === 0
      ? ["No host with usual settings would hold it back."]
      : held.map(
          ([rule, many]) =>
            `Hosts with usual settings would hold back ${counted(many, "range")}: ${heldSaid(rule)}`,
        )),
  ];
}

function liftSaid({ effects }: Dry<Lifted>): readonly string[] {
  const lifted = effects
    .flatMap((each) => Object.values<number>(each.lifted))
    .reduce((sum, each) => sum + each, 0);
  const still = effects.filter(({ stillBy }) => stillBy.length > 0).length;
  return [
    lifted === 0
      ? "None of its ranges is banned any more."
      : `${counted(lifted, "ban")} would be lifted.`,
    ...(still === 0
      ? []
      : [
          `${counted(still, "range")} would still be banned by others: a wider ban, or one in another feed.`,
        ]),
  ];
}

function undoSaid({ counts }: Dry<Undone>): readonly string[] {
  const { lifted, restored, changed, expired } = counts;
  const said: readonly (readonly [number, string])[] = [
    [lifted, "would be lifted"],
    [restored, "would be banned again as before"],
    [changed, "would be left: somebody changed them since"],
    [expired, "would be left: what was before has ended"],
  ];
  const sentences = said
    .filter(([many]) => many > 0)
    .map(([many, what]) => `${count(many)} ${what}.`);
  return sentences.length === 0 ? ["Nothing would change."] : sentences;
}

function tally<K extends string>(
  keys: readonly K[],
): readonly (readonly [K, number])[] {
  const counts = new Map<K, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
