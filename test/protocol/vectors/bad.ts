import { fingerprintOf } from "../../../agent/trust/root.js";
import { NOW, rootDocument, signRoot } from "../../support/vectors.js";
import { badBodies } from "./bad-bodies.js";
import { badRings } from "./bad-rings.js";
import { badSegments } from "./bad-segments.js";
import { badSnapshots } from "./bad-snapshots.js";
import { badTexts } from "./bad-texts.js";
import { badPolicies } from "./policy.js";
import { badBundles } from "./carried.js";
import { refusedSegments } from "./refused-segments.js";
import type { BadVectors, PinnedRoot } from "./vector.js";

/** What a reader must not take in, and the few odd things that it must. */
export function badVectors(): BadVectors {
  return {
    description:
      "Each vector is read as `reads` says: decoded, held to `root`, `feeds`, `now` and the position `at`, and its body read. `refusal` is the code it must end in; null means that it is taken in. `fill` inserts a byte `count` times before use.",
    now: NOW,
    feeds: ["urgent", "reputation", "org/example"],
    roots: {
      "one content signature": pinned(1),
      "two content signatures": pinned(2),
    },
    vectors: [
      ...badSegments(),
      ...badBodies(),
      ...badRings(),
      ...refusedSegments(),
      ...badSnapshots(),
      ...badTexts(),
      ...badPolicies(),
      ...badBundles(),
    ],
  };
}

function pinned(content: number): PinnedRoot {
  const text = signRoot(rootDocument({ content }));
  return { text, pin: fingerprintOf(text) };
}
