import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { signText } from "../../../agent/trust/sign.js";
import { HOUR_MS, NOW, keys } from "../../support/vectors.js";
import { reputationApproval, signApproval } from "./documents.js";
import { row } from "./text-row.js";
import type { BadVector } from "./vector.js";

/** Approvals that allow nothing. */
export function badApprovals(): readonly BadVector[] {
  const bad = (name: string, text: object, refusal?: RefusalCode) =>
    row("approval", name, JSON.stringify(text), refusal);
  const document = reputationApproval;
  const [rollout] = document.rollouts;
  const { notBefore } = rollout;
  const signed = (fields: object) => signApproval({ ...document, ...fields });
  const rolled = (fields: object) =>
    signed({ rollouts: [{ ...rollout, ...fields }] });
  const good = signed({});
  const wide = {
    ranges: Array.from(
      { length: 600 },
      (_, n) => `10.${n >> 8}.${n & 255}.0/24`,
    ),
  };
  return [
    bad(
      "signed by a content key",
      signText("approval", document, [keys.contentA]),
      "bad-signature",
    ),
    bad(
      "a head's signature",
      signText("head", document, [keys.critical]),
      "bad-signature",
    ),
    bad(
      "altered",
      { ...good, signed: good.signed.replace("/15", "/14") },
      "bad-signature",
    ),
    bad("run out", signed({ expiresAt: NOW - 1 }), "expired"),
    bad(
      "of a feed that nobody follows",
      signed({ feed: "org/other" }),
      "wrong-feed",
    ),
    bad("a version of 0", signed({ version: 0 })),
    bad(
      "good for more than 400 days",
      signed({ expiresAt: NOW + 401 * 24 * HOUR_MS }),
    ),
    bad("host bits set", rolled({ ranges: ["198.17.0.0/15"] })),
    bad("no ranges in a rollout", rolled({ ranges: [] })),
    bad(
      "1,200 ranges",
      signed({
        rollouts: [
          { ...rollout, ...wide },
          { ...rollout, ...wide },
        ],
      }),
    ),
    bad(
      "65 rollouts",
      signed({ rollouts: Array.from({ length: 65 }, () => rollout) }),
    ),
    bad(
      "a ring before the one before it",
      rolled({ notBefore: { ...notBefore, all: NOW } }),
    ),
    bad(
      "no canary",
      rolled({ notBefore: { ...notBefore, canary: undefined } }),
    ),
    bad("a share above 1", signed({ limits: { share: 1.5 } })),
    bad("an unknown limit", signed({ limits: { floor: 1 } })),
    bad("shrink that says no", signed({ limits: { shrink: false } })),
    bad("an unknown field", signed({ motto: "trust me" })),
  ];
}
