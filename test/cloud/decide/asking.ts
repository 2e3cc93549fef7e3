import type { DecisionItem } from "../../../cloud/cli/ask-decisions.js";
import type { ProposalItem } from "../../../cloud/cli/ask-proposals.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { eventually, type TestCloud } from "../../support/cloud/cloud.js";
import { detection } from "../telemetry/items.js";

/** Two orgs see the sources just now, and the rule has looked at all of them. */
export const bothSee = (
  cloud: TestCloud,
  ...sources: readonly string[]
): Promise<void> => bothSeeAt(cloud, sources, Date.now());

/**
 * As `bothSee`, at a time. A marker that both see last is looked at last, too:
 * what was not decided on when it is banned is not going to be.
 */
export async function bothSeeAt(
  cloud: TestCloud,
  sources: readonly string[],
  time: number,
): Promise<void> {
  const { length } = await allDecisions(cloud);
  const marker = `${MARKERS}${length + 1}`;
  const items = [...sources, marker].map((each) => detection(each, { time }));
  for (const org of ["one", "two"]) {
    using agent = await TestAgent.connect(cloud, await cloud.enrol(org));
    await agent.report(...items);
  }
  await eventually(async () => {
    const decisions = await allDecisions(cloud);
    return decisions.some(({ targets }) => targets[0] === marker) || undefined;
  });
}

/** Without those on markers; newest first. */
export async function decisionsOf(
  cloud: TestCloud,
): Promise<readonly DecisionItem[]> {
  const decisions = await allDecisions(cloud);
  return decisions.filter(({ targets }) => !targets[0]?.startsWith(MARKERS));
}

type RuleProposal = ProposalItem & { readonly kind: "rule" };

export async function proposalsOf(
  cloud: TestCloud,
  query = "",
): Promise<readonly RuleProposal[]> {
  type Answer = { items: RuleProposal[] };
  const path = `/api/v1/proposals${query}`;
  return (await cloud.request<Answer>("GET", path)).body.items;
}

export const proposalOf = (cloud: TestCloud): Promise<RuleProposal> =>
  eventually(async () => (await proposalsOf(cloud))[0]);

async function allDecisions(
  cloud: TestCloud,
): Promise<readonly DecisionItem[]> {
  type Answer = { items: DecisionItem[] };
  return (await cloud.request<Answer>("GET", "/api/v1/decisions")).body.items;
}

const MARKERS = "198.51.100.";
