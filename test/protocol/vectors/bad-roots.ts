import type { RefusalCode } from "../../../agent/protocol/refusals.js";
import { signText } from "../../../agent/trust/sign.js";
import {
  keys,
  NEXT_SIGNERS,
  nextRootDocument,
  rootDocument,
  rootV2Document,
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
    ...badRootsOfVersion2(),
  ];
}

/** Each version is signed under its own prefix, and has its own shape. */
function badRootsOfVersion2(): readonly BadVector[] {
  const bad = (name: string, text: object, refusal?: RefusalCode) =>
    row("next root", name, JSON.stringify(text), refusal);
  const document = { ...rootV2Document(), version: 2 };
  const { format: _, ...old } = document;
  const signers = [keys.rootA, keys.rootB];
  const signed = (fields: object) =>
    signText("root", { ...document, ...fields }, signers, 2);
  const janitor = { keys: [keys.log.id], threshold: 1 };
  const more = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`role-${n}`, janitor]),
    );
  return [
    bad(
      "version 2 under the prefix of version 1",
      signText("root", document, signers),
      "bad-signature",
    ),
    bad(
      "version 1 under the prefix of version 2",
      signText("root", { ...rootDocument(), version: 2 }, signers, 2),
      "bad-signature",
    ),
    bad("a role of version 2 in version 1", signText("root", old, signers)),
    bad(
      "an ext in version 1",
      signText("root", { ...rootDocument(), version: 2, ext: {} }, signers),
    ),
    bad(
      "a format of its own",
      signText("root", { ...document, format: 3 }, signers),
    ),
    bad("an unknown field in version 2", signed({ motto: "trust me" })),
    bad(
      "a known role that is wrong",
      signed({
        roles: { ...document.roles, policy: { keys: [], threshold: 1 } },
      }),
    ),
    bad(
      "a role with a name that is none",
      signed({ roles: { ...document.roles, Janitor: janitor } }),
    ),
    bad(
      "seventeen roles",
      signed({ roles: { ...document.roles, ...more(12) } }),
    ),
    bad(
      "no role critical in version 2",
      signed({ roles: { ...document.roles, critical: undefined } }),
    ),
    bad(
      "an ext of more than 4 KiB",
      signed({ ext: { motto: "x".repeat(4_096) } }),
    ),
  ];
}
