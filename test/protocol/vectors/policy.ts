import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import {
  textBytes,
  type SignedText,
} from "../../../agent/protocol/signed-text.js";
import { signText } from "../../../agent/trust/sign.js";
import {
  HOUR_MS,
  NOW,
  hex,
  keys,
  sha256Hex,
  type KeyName,
} from "../../support/vectors.js";
import { row } from "./text-row.js";
import { keysOf, type BadVector, type Vector } from "./vector.js";

const DAY_MS = 24 * HOUR_MS;

/** What an org wants of the hosts of one group. */
export const policyDocument = {
  type: "policy",
  org: "example",
  version: 3,
  issuedAt: NOW,
  expiresAt: NOW + 30 * DAY_MS,
  groups: ["web"],
  allow: [
    {
      until: NOW + 7 * DAY_MS,
      why: "the office",
      ranges: ["203.0.113.0/24", "2001:db8:51::/48"],
    },
    { until: NOW + DAY_MS, why: "a scan", ranges: ["198.51.100.7"] },
  ],
  sensors: { sshd: { maxretry: 8, bantime: 7_200 } },
} as const;

export const signPolicy = (
  document: object,
  signer: KeyName = "contentA",
): SignedText => signText("policy", document, [keys[signer]], 2);

export const allowanceDocument = {
  type: "allowance",
  org: "example",
  issuedAt: NOW,
  expiresAt: NOW + 90 * DAY_MS,
  ranges: ["198.18.0.0/15"],
} as const;

export const signAllowance = (
  document: object = allowanceDocument,
  signer: KeyName = "critical",
): SignedText => signText("allowance", document, [keys[signer]], 2);

/** Bans of two feeds that hurt the org's hosts. */
const holdingDocument = {
  ...policyDocument,
  holds: [
    {
      ...{ feed: "urgent", until: NOW + 7 * DAY_MS },
      why: "2 hosts were hurt by dec-0011223344556677",
      ranges: ["203.0.113.7", "198.51.100.0/24"],
    },
    {
      ...{ feed: "org/example", until: NOW + HOUR_MS, why: "a mistake" },
      ranges: ["2001:db8::/32"],
    },
  ],
} as const;

/** With a range that takes an allowance. */
const widePolicy = (allowance: SignedText | undefined) => ({
  ...policyDocument,
  allow: [
    {
      ...{ until: NOW + DAY_MS, why: "the exchange" },
      ranges: ["198.18.0.0/16"],
    },
  ],
  ...(allowance && { allowance }),
});

export function policyVectors(): readonly Vector[] {
  const message = { type: "policy", policy: signPolicy(policyDocument) };
  return [
    policyVector(
      "policy",
      "What an org wants of its group web: signed by a content key, as root.json has no role policy.",
      policyDocument,
    ),
    policyVector(
      "policy-translated",
      "A /24 of IPv4 as hosts behind a translator see it.",
      {
        ...policyDocument,
        allow: [
          {
            ...{ until: NOW + DAY_MS, why: "the office" },
            ranges: ["64:ff9b::cb00:7100/120"],
          },
        ],
      },
    ),
    policyVector(
      "policy-wide",
      "A range wider than /24, with the allowance that the critical key signed for it.",
      widePolicy(signAllowance()),
    ),
    policyVector(
      "policy-feeds",
      "A feed of the group web, which the host follows beside the usual.",
      { ...policyDocument, feeds: ["org/example/web"] },
    ),
    policyVector(
      "policy-holds",
      "Bans of feeds that are held on the org's hosts, whatever their width.",
      holdingDocument,
    ),
    {
      ...{ name: "policy-message", reads: "cloud message v2" },
      direction: "cloud to agent",
      description: "What is wanted of this host: policy.json.",
      text: JSON.stringify(message),
      decoded: message,
    },
  ];
}

function policyVector(
  name: string,
  description: string,
  decoded: object,
): Vector {
  const document = signPolicy(decoded);
  const bytes = textBytes("policy", document.signed, 2);
  return {
    ...{ name, reads: "policy", direction: "cloud to agent", description },
    keys: keysOf("contentA", "critical"),
    text: JSON.stringify(document),
    signedBytes: hex(bytes),
    signatures: document.signatures.map(({ key, signature }) => ({
      key,
      signature: hex(Buffer.from(signature, "base64url")),
    })),
    hash: sha256Hex(bytes),
    decoded,
  };
}

/** Policies that are not gone by. */
export function badPolicies(): readonly BadVector[] {
  const bad = (name: string, text: object, refusal?: RefusalCode) =>
    row("policy", name, JSON.stringify(text), refusal);
  const signed = (fields: object) =>
    signPolicy({ ...policyDocument, ...fields });
  const [allowed] = policyDocument.allow;
  const allowing = (fields: object) =>
    signed({ allow: [{ ...allowed, ...fields }] });
  const wide = (allowance?: SignedText) => signPolicy(widePolicy(allowance));
  const allowance = (fields: object) =>
    wide(signAllowance({ ...allowanceDocument, ...fields }));
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
  return [
    bad(
      "signed by a critical key",
      signPolicy(policyDocument, "critical"),
      "bad-signature",
    ),
    bad(
      "signed under the prefix of version 1",
      signText("policy", policyDocument, [keys.contentA]),
      "bad-signature",
    ),
    bad(
      "altered",
      {
        ...signed({}),
        signed: signed({}).signed.replace("203.0.113.0/24", "203.0.112.0/24"),
      },
      "bad-signature",
    ),
    bad("of another org", signed({ org: "other" }), "wrong-audience"),
    bad("run out", signed({ expiresAt: NOW - 1 }), "expired"),
    bad(
      "dated more than a day ahead",
      signed({ issuedAt: NOW + DAY_MS + 1 }),
      "implausible",
    ),
    bad(
      "an allowance that is dated more than a day ahead",
      allowance({ issuedAt: NOW + DAY_MS + 1 }),
      "implausible",
    ),
    bad("a wide range by itself", wide(), "bad-signature"),
    ...[
      ...["64:ff9b::/96", "64:ff9b::/48", "64:ff9b::cb00:0/104"],
      ...["64:ff9b:1::/48", "64:ff9b:1::/120"],
    ].map((range) =>
      bad(
        `${range}, by which IPv4 is seen`,
        allowing({ ranges: [range] }),
        "bad-signature",
      ),
    ),
    bad(
      "a wide range with an allowance of a content key",
      wide(signAllowance(allowanceDocument, "contentA")),
      "bad-signature",
    ),
    bad(
      "a wide range that its allowance does not name",
      allowance({ ranges: ["198.20.0.0/15"] }),
      "bad-signature",
    ),
    bad(
      "an allowance of another org",
      allowance({ org: "other" }),
      "wrong-audience",
    ),
    bad("an allowance of a /7", allowance({ ranges: ["198.0.0.0/7"] })),
    bad(
      "an allowance of all of IPv4 through a translator",
      allowance({ ranges: ["64:ff9b::/96"] }),
    ),
    bad("a version of 0", signed({ version: 0 })),
    bad(
      "good for more than 400 days",
      signed({ expiresAt: NOW + 401 * DAY_MS }),
    ),
    bad("a range without an end", allowing({ until: undefined })),
    bad("host bits set", allowing({ ranges: ["203.0.113.1/24"] })),
    bad("no ranges in an item", allowing({ ranges: [] })),
    bad(
      "1,025 ranges",
      signed({
        allow: [
          { ...allowed, ranges: many(1_024) },
          { ...allowed, ranges: ["203.0.113.0/24"] },
        ],
      }),
    ),
    bad(
      "65 items",
      signed({ allow: Array.from({ length: 65 }, () => allowed) }),
    ),
    ...holdingBadly((holds) => signed({ holds })).map(([name, text]) =>
      bad(name, text),
    ),
    ...[
      ["another org's feed", ["org/other/web"]],
      ["a feed of no group", ["org/example"]],
      ["everybody's feed", ["urgent"]],
      ["a feed within a group's", ["org/example/web/eu"]],
      ["no feeds", []],
      ["5 feeds", ["a", "b", "c", "d", "e"].map((at) => `org/example/${at}`)],
    ].map(([name, feeds]) => bad(name as string, signed({ feeds }))),
    bad(
      "17 groups",
      signed({ groups: Array.from({ length: 17 }, () => "web") }),
    ),
    bad("no failures at all", signed({ sensors: { sshd: { maxretry: 0 } } })),
    bad(
      "a sensor switched off",
      signed({ sensors: { sshd: { enabled: false } } }),
    ),
    bad("a mode", signed({ mode: "observe" })),
    bad("a pause", signed({ pausedUntil: NOW + HOUR_MS })),
    bad("a release", signed({ release: ["203.0.113.0/24"] })),
  ];
}

/** Each of what no policy may hold, by its name. */
function holdingBadly(
  signed: (holds: readonly object[]) => SignedText,
): readonly (readonly [string, SignedText])[] {
  const [held] = holdingDocument.holds;
  const holding = (fields: object) => signed([{ ...held, ...fields }]);
  const many = Array.from(
    { length: 257 },
    (_, n) => `10.0.${n >> 8}.${n & 255}`,
  );
  return [
    ["a hold of the host's own bans", holding({ feed: "local" })],
    ["a hold of no feed", holding({ feed: undefined })],
    ["a hold without an end", holding({ until: undefined })],
    ["a hold of more than 400 days", holding({ until: NOW + 401 * DAY_MS })],
    ["a hold of nothing", holding({ ranges: [] })],
    ["no holds", signed([])],
    ["holds on 257 ranges", holding({ ranges: many })],
    ["65 holds", signed(Array.from({ length: 65 }, () => held))],
  ];
}
