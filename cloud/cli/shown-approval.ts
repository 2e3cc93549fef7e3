import { rings } from "../../agent/model/rings.js";
import type { Approval, Rollout } from "../../agent/protocol/documents.js";
import { isoTime } from "../../agent/text/time.js";
import { approvalOf } from "../approvals/ceremony.js";
import { signersOf, type Draft } from "../roots/ceremony.js";
import { readChain } from "../roots/root-files.js";
import { isCloud } from "./shown-root.js";

/** An approval for people: what it allows, when, and who still has to sign. */
export function shownApproval(draft: Draft, dir: string): readonly string[] {
  const approval = approvalOf(draft);
  const { feed, version, issuedAt, expiresAt, rollouts } = approval;
  return [
    `approval ${version} of ${feed}`,
    `made ${isoTime(issuedAt)}, good until ${isoTime(expiresAt)}`,
    ...(rollouts.length === 0 ? ["ranges: none"] : rollouts.flatMap(shown)),
    `limits raised: ${limitsOf(approval)}`,
    ...signatures(draft, dir),
  ];
}

const shown = ({ notBefore, ranges }: Rollout): readonly string[] => [
  `ranges: ${ranges.join(", ")}`,
  ...rings.map((ring) => `  ${ring}: from ${isoTime(notBefore[ring])} on`),
];

function limitsOf({ limits = {} }: Approval): string {
  const all = Object.entries(limits).map(([name, value]) => `${name} ${value}`);
  return all.join(", ") || "none";
}

/** Which root's keys count is known where the cloud's folder is at hand. */
function signatures(draft: Draft, dir: string): readonly string[] {
  if (!isCloud(dir)) {
    const ids = draft.signatures.map(({ key }) => key);
    return [`signed by: ${ids.join(", ") || "nobody yet"}`];
  }
  const root = readChain(dir).newest.document;
  const good = signersOf(draft, root, "approval").length;
  const { threshold } = root.roles.critical;
  const missing = threshold - good;
  const state = missing > 0 ? `${missing} missing` : "enough";
  return [
    `signatures: ${good} of the ${threshold} that root ${root.version} asks for, ${state}`,
  ];
}
