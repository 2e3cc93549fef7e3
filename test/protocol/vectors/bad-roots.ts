import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import {
  NEXT_SIGNERS,
  nextRootDocument,
  rootDocument,
  signRoot,
} from "../../support/vectors.js";
import { row } from "./text-row.js";
import type { BadVector } from "./vector.js";

/** Roots that do not follow the one that the agent has. */
export function badNextRoots(): readonly BadVector[] {
  const bad = (name: string, text: object, refusal?: RefusalCode) =>
    row("next root", name, JSON.stringify(text), refusal);
  const document = nextRootDocument();
  const signed = (fields: object) =>
    signRoot({ ...document, ...fields }, NEXT_SIGNERS);
  const good = signed({});
  return [
    bad(
      "not enough of the root before",
      signRoot(document, ["rootA", "rootC"]),
      "bad-signature",
    ),
    bad(
      "not enough of its own",
      signRoot(document, ["rootA", "rootB"]),
      "bad-signature",
    ),
    bad(
      "only its own keys",
      signRoot(document, ["rootC", "contentB"]),
      "bad-signature",
    ),
    bad(
      "altered",
      { ...good, signed: good.signed.replace('"version":2', '"version":3') },
      "bad-signature",
    ),
    bad("a version left out", signed({ version: 3 }), "gap"),
    bad("the same root again", signRoot(rootDocument()), "replayed"),
    bad("another root of the same version", signed({ version: 1 }), "forked"),
    bad("an unknown field", signed({ motto: "trust me" })),
    bad("a version of 0", signed({ version: 0 })),
  ];
}
