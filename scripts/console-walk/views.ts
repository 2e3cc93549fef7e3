import type { Stage } from "./stage.js";

/** What there is to look at, of everything that has an address of its own. */
export interface About {
  readonly decision: string;
  readonly proposal: string;
  readonly agent: string;
  readonly address: string;
}

/** Every view, by its address; whoever adds a view adds it here. */
export const VIEWS: readonly {
  readonly name: string;
  readonly at: (about: About) => string;
}[] = [
  { name: "Now", at: () => "/" },
  { name: "Attackers", at: () => "/attackers" },
  { name: "Decisions", at: () => "/decisions" },
  { name: "Decision", at: ({ decision }) => `/decisions/${decision}` },
  { name: "Bans", at: () => "/bans" },
  { name: "Address", at: ({ address }) => `/address?of=${address}` },
  { name: "Proposals", at: () => "/proposals" },
  { name: "Proposal", at: ({ proposal }) => `/proposals/${proposal}` },
  { name: "Contests", at: () => "/contests" },
  { name: "Fleet", at: () => "/fleet" },
  { name: "Host", at: ({ agent }) => `/fleet/${agent}` },
  { name: "Rules", at: () => "/rules" },
  { name: "Lists", at: () => "/lists" },
  { name: "Audit", at: () => "/audit" },
  { name: "Report", at: () => "/report" },
  { name: "Settings", at: () => "/settings" },
  { name: "People", at: () => "/settings/people" },
  { name: "Customers", at: () => "/settings/customers" },
  { name: "New hosts", at: () => "/settings/enrolment" },
  { name: "Policies", at: () => "/settings/policies" },
  { name: "Policy", at: () => "/settings/policies/acme" },
  { name: "Keys and approvals", at: () => "/settings/trust" },
  { name: "This cloud", at: () => "/settings/cloud" },
  { name: "The API", at: () => "/settings/api" },
  { name: "An operation", at: () => "/settings/api/ban" },
];

/** One of each that the cloud has. */
export async function about({ lively }: Stage): Promise<About> {
  const { cloud, hosts } = lively;
  const decisions = await cloud.list<Decided>("decisions");
  const proposals = await cloud.list<{ id: string }>("proposals");
  const [decided] = decisions.filter(({ targets }) => targets.length === 1);
  const [proposal] = proposals;
  const [host] = hosts;
  const [target] = decided?.targets ?? [];
  if (!decided || !proposal || !host || target === undefined) {
    throw new Error("the cloud has not one of everything");
  }
  return {
    ...{ decision: decided.decision, proposal: proposal.id },
    ...{ agent: host.agent, address: encodeURIComponent(target) },
  };
}

interface Decided {
  readonly decision: string;
  readonly targets: readonly string[];
}
