import * as v from "valibot";
import { limits } from "../../../agent/protocol/limits.js";
import { KeyId, base64url } from "../../../agent/protocol/shapes.js";
import type { PublishedApproval } from "../../approvals/approvals.js";
import { approvalOf } from "../../approvals/ceremony.js";
import type { OperatorApiPorts } from "../ports.js";
import { Time, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** A document as the text that was signed; see PROTOCOL.md. */
export const SignedBody = v.strictObject({
  signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
  signatures: v.pipe(
    v.array(v.strictObject({ key: KeyId, signature: base64url(64) })),
    v.minLength(1, "nobody has signed it yet"),
    v.maxLength(limits.signatures),
  ),
});

export const SignedOut = v.object({
  signed: v.string(),
  signatures: v.array(v.object({ key: v.string(), signature: v.string() })),
});

export const ApprovalOut = v.object({
  feed: v.string(),
  version: v.number(),
  issuedAt: Time,
  expiresAt: Time,
  publishedAt: Time,
  publishedBy: v.string(),
  /** What the critical keys have signed. */
  text: SignedOut,
});

export const ApprovalPublished = v.object({
  feed: v.string(),
  version: v.number(),
});

type Ports = Pick<OperatorApiPorts, "approvals" | "log">;

/** What the critical keys allow each feed beyond the usual. */
export const approvalRoutes = ({ approvals, log }: Ports): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/approvals", operationId: "listApprovals" },
    ...{ tag: "Cloud", summary: "The newest approval of each feed" },
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "All", schema: pageOf(ApprovalOut) } },
    handle: () =>
      answer(200, { items: approvals.all().map(shown), next: null }),
  }),
  route({
    ...{ method: "POST", path: "/approvals", operationId: "publishApproval" },
    ...{ tag: "Cloud", summary: "Has a signed approval count" },
    ...{ allows: "approver", scope: "vendor", changes: true, stepUp: true },
    body: SignedBody,
    answers: { 201: { description: "It counts", schema: ApprovalPublished } },
    handle: async ({ caller: { name: by }, body }) => {
      const { feed, version } = await approvals.publish(body, by);
      log.info("a new approval counts", { feed, version, by });
      return answer(201, { feed, version });
    },
  }),
];

function shown({ text, ...published }: PublishedApproval) {
  const { feed, version, issuedAt, expiresAt } = approvalOf(text);
  return { ...published, feed, version, issuedAt, expiresAt, text };
}
