import * as v from "valibot";
import { shortText } from "../../agent/protocol/shapes.js";
import { whole } from "../whole.js";

const named = v.pipe(shortText(128), v.minLength(1));

/** What somebody is at the cloud by one value of the claim. */
const RoleOfValue = v.strictObject({
  value: named,
  role: v.picklist(["viewer", "analyst", "approver", "admin"]),
  /** Whose hosts they see; null: everybody's. */
  org: v.nullable(named),
});

const Issuer = v.pipe(
  v.string(),
  v.maxLength(512),
  v.url(),
  v.check(
    isSafeIssuer,
    "has to be an https URL without query, or http on loopback",
  ),
);

const OidcSettings = v.strictObject({
  issuer: Issuer,
  clientId: v.pipe(shortText(256), v.minLength(1)),
  /** Within the cloud's folder unless absolute; a client without a secret has none. */
  clientSecretFile: v.optional(v.pipe(v.string(), v.minLength(1))),
  /** Asked for beside `openid`, so that the claims are in the ID token. */
  scopes: v.optional(v.pipe(v.array(named), v.maxLength(16)), ["profile"]),
  /** The claim that says what somebody may do: a text, or a list of texts. */
  claim: v.optional(named, "groups"),
  /** The claim that an operator is called by. */
  nameClaim: v.optional(named, "preferred_username"),
  /** The first whose value the claim has is what counts. */
  roles: v.pipe(v.array(RoleOfValue), v.minLength(1), v.maxLength(256)),
});

/** How operators sign in: `login` in `cloud.json`. */
export const LoginSettings = v.strictObject({
  sessions: v.optional(
    v.strictObject({
      /** Unused for so long, a session is over. */
      idleMinutes: v.optional(whole(1, 1_440), 30),
      /** Used or not, it lasts no longer. */
      hours: v.optional(whole(1, 168), 12),
    }),
    {},
  ),
  oidc: v.optional(OidcSettings),
});

/** Whether it is the one that is named, by whichever spelling. */
export const isIssuerOf = (
  { oidc }: v.InferOutput<typeof LoginSettings>,
  issuer: string,
): boolean =>
  oidc !== undefined && new URL(oidc.issuer).href === new URL(issuer).href;

export type LoginSettings = v.InferOutput<typeof LoginSettings>;
export type OidcSettings = v.InferOutput<typeof OidcSettings>;
export type SessionSettings = LoginSettings["sessions"];

function isSafeIssuer(url: string): boolean {
  const { protocol, hostname, search, hash } = new URL(url);
  if (search !== "" || hash !== "") return false;
  if (protocol === "https:") return true;
  return protocol === "http:" && LOOPBACK.test(hostname);
}

/** As a URL writes it, with IPv4 spelt out. */
const LOOPBACK = /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/;
