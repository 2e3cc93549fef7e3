import { Head } from "../../../agent/protocol/documents.js";
import { State } from "../../../agent/protocol/documents-v2.js";
import { limits } from "../../../agent/protocol/limits.js";
import { Malformed } from "../../../agent/protocol/malformed.js";
import { Refused } from "../../../agent/protocol/refusals.js";
import { parseRoot } from "../../../agent/protocol/root-document.js";
import { parseJson } from "../../../agent/protocol/shapes.js";
import {
  SignedText,
  textBytes,
  type ProtocolVersion,
  type TextKind,
} from "../../../agent/protocol/signed-text.js";
import { fingerprintOf, TrustedRoot } from "../../../agent/trust/root.js";
import { verifyHead, verifyState } from "../../../agent/trust/verify.js";
import {
  keys,
  NEXT_SIGNERS,
  nextRootDocument,
  rootDocument,
  signRoot,
  trusted,
  type KeyName,
} from "../../../test/support/vectors.js";
import { golden } from "../corpus.js";
import { Broken, type Layer, type Target } from "../target.js";
import { briefly, holdsAsJson } from "./json.js";

const known = trusted();

/** The signed document, signed anew by whom it takes. */
const signedBy = (
  kind: TextKind,
  names: readonly KeyName[],
  version: ProtocolVersion = 1,
): Layer => ({
  open: (outer) => Buffer.from(textIn(outer.toString()).signed),
  seal: (inner) => {
    const signed = inner.toString();
    const bytes = textBytes(kind, signed, version);
    const signatures = names.map((name) => ({
      key: keys[name].id,
      signature: Buffer.from(keys[name].sign(bytes)).toString("base64url"),
    }));
    return Buffer.from(JSON.stringify({ signed, signatures }));
  },
});

export const target: Target = {
  name: "root",
  corpus: [
    ...golden("root", "next root", "head", "state"),
    Buffer.from(JSON.stringify(signRoot(rootDocument({ root: 1 })))),
    Buffer.from(JSON.stringify(signRoot(nextRootDocument(), NEXT_SIGNERS))),
  ],
  readers: {
    first: briefly((json) => {
      const text = textIn(json);
      const root = TrustedRoot.open(text, fingerprintOf(text));
      mustBeRoot(root);
      return "root";
    }),
    next: briefly((json) => {
      const root = known.next(textIn(json));
      mustBeRoot(root);
      if (root.document.version !== known.document.version + 1) {
        throw new Broken("one by one", `version ${root.document.version}`);
      }
      return "root";
    }),
    head: briefly((json) => {
      const head = verifyHead(textIn(json), known);
      holdsAsJson(head, (again) => parseJson(Head, again, "head"));
      return "head";
    }),
    state: briefly((json) => {
      const state = verifyState(textIn(json), known);
      holdsAsJson(state, (again) => parseJson(State, again, "state"));
      return "state";
    }),
  },
  layers: [
    signedBy("root", NEXT_SIGNERS),
    signedBy("head", ["head"]),
    signedBy("state", ["head"], 2),
  ],
  words: [
    ...['"type"', '"root"', '"head"', '"version"', '"keys"', '"roles"'],
    ...[
      '"threshold"',
      '"content"',
      '"critical"',
      '"ed25519"',
      '"id"',
      "2",
      "8",
    ],
    ...Object.values(keys).map(({ id }) => `"${id}"`),
    ...Object.values(keys).map(
      (key) => `"${Buffer.from(key.publicKey).toString("base64url")}"`,
    ),
    `"${"A".repeat(43)}"`,
    `"${"_".repeat(43)}"`,
  ],
  refusals: [Malformed, Refused],
  mostBytes: limits.textBytes,
  // Empty arrays within each other take some 50 bytes each.
  mostMemory: 128 * limits.textBytes,
  mostCpuMs: 250,
};

function textIn(json: string): SignedText {
  return parseJson(SignedText, json, "signed text");
}

function mustBeRoot({ document }: TrustedRoot): void {
  holdsAsJson(document, (again) => parseRoot(again));
}
