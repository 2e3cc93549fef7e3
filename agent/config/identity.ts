import * as v from "valibot";
import type { FeedName } from "../model/position.js";
import { Id, KeyId, Sha256, parseJson, shortText } from "../protocol/shapes.js";
import { SignedText } from "../protocol/signed-text.js";

/** Who this host is to its cloud: what enrolment left in `identity.json`. */
export const Identity = v.strictObject({
  version: v.literal(1),
  agent: Id,
  org: Id,
  /** The device key's, whose private half lies in a file of its own. */
  key: KeyId,
  /** One that was made to take its place, and that the cloud may have by now. */
  nextKey: v.optional(KeyId),
  /** The name that the cloud gives itself in its challenges. */
  cloud: shortText(128),
  url: v.pipe(v.string(), v.url()),
  /** Fingerprint of the root: the enrolment's, or the newest that followed it. */
  rootFingerprint: Sha256,
  root: SignedText,
});
export type Identity = v.InferOutput<typeof Identity>;

/** @throws Malformed with every problem and its path */
export const parseIdentity = (text: string): Identity =>
  parseJson(Identity, text, "identity");

/** The feeds that an agent of this org follows; a host without a cloud has none. */
export const feedsOf = (
  identity: Pick<Identity, "org"> | undefined,
): readonly FeedName[] =>
  identity === undefined ? [] : ["urgent", "reputation", `org/${identity.org}`];

/** What only a cloud could bring or hear was asked of a host that has none. */
export class StandsAlone extends Error {
  override readonly name = "StandsAlone";

  constructor() {
    super(
      "this host stands alone: it has no cloud; to give it one: tourniquet enrol --token-file FILE",
    );
  }
}
