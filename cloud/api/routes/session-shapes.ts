import * as v from "valibot";
import { shortText } from "../../../agent/protocol/shapes.js";
import { ROLES } from "../../operators/roles.js";
import { Time } from "../table/answer.js";

/** What sessions, passwords and passkeys look like from outside. */

/** Bounded here; what it has to be like, its owner is told without it. */
const Secret = v.pipe(v.string(), v.maxLength(1_024));

const Base64url = v.pipe(
  v.string(),
  v.maxLength(8_192),
  v.regex(/^[\w-]*$/, "is not base64url"),
);

export const PasswordSignIn = v.strictObject({
  name: v.pipe(shortText(128), v.minLength(1)),
  password: Secret,
});

/** What `navigator.credentials.get()` gives, as JSON. */
export const Shown = v.object({
  id: Base64url,
  rawId: Base64url,
  type: v.literal("public-key"),
  response: v.object({
    ...{ clientDataJSON: Base64url, authenticatorData: Base64url },
    ...{ signature: Base64url, userHandle: v.nullish(Base64url) },
  }),
});

/** What `navigator.credentials.create()` gives, as JSON. */
const Made = v.object({
  id: Base64url,
  rawId: Base64url,
  type: v.literal("public-key"),
  response: v.object({
    ...{ clientDataJSON: Base64url, attestationObject: Base64url },
    transports: v.optional(
      v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(16)),
    ),
  }),
});

export const NewPasskey = v.strictObject({
  passkey: Made,
  /** What its owner tells it from others by. */
  label: v.pipe(shortText(64), v.minLength(1)),
});

export const StepUp = v.union([
  v.strictObject({ password: Secret }),
  v.strictObject({ passkey: Shown }),
]);

export const NewPassword = v.strictObject({
  password: Secret,
  /** The one before, of who changes their own. */
  old: v.optional(Secret),
});

export const IssuerQuery = v.strictObject({
  /** A path of this cloud's, where the browser goes afterwards. */
  to: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(512),
      v.regex(
        /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/,
        "is not a path of this cloud",
      ),
    ),
  ),
  /** Not to sign in, but to show anew who is signed in. */
  stepUp: v.optional(v.picklist(["true"])),
});

/** What an issuer sends a browser back with; more of it is read as it came. */
export const IssuerAnswer = v.object({
  state: v.pipe(v.string(), v.maxLength(512)),
});

export const SessionShape = v.object({
  operator: v.object({
    id: v.string(),
    name: v.string(),
    role: v.picklist(ROLES),
    /** Whose hosts they see; null: everybody's. */
    org: v.nullable(v.string()),
  }),
  /** The id of what they showed: a session or a token. */
  credential: v.string(),
  /** The address that they come from, or "socket". */
  from: v.string(),
  /** Until when they may do what is dangerous; null: not now. */
  steppedUpUntil: v.nullable(Time),
  /** Null for who comes with a token. */
  session: v.nullable(
    v.object({
      way: v.picklist(["password", "passkey", "oidc"]),
      madeAt: Time,
      endsAt: Time,
    }),
  ),
});

export const WaysShape = v.object({
  password: v.boolean(),
  /** Passkeys are made for a host with a name that is reached by https. */
  passkey: v.boolean(),
  /** The host of the issuer that `/session/oidc` leads to; null: there is none. */
  oidc: v.nullable(v.object({ issuer: v.string() })),
});

export const SteppedUp = v.object({ steppedUpUntil: Time });

/** A credential that is there from now on. */
export const Added = v.object({ credential: v.string() });
