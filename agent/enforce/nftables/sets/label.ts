import { hostBytes, hostU32 } from "../../../netlink/attributes.js";
import { flushSet } from "../../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../../netlink/writer.js";
import type { Label, Posture } from "../../enforcer.js";
import { writeElements, writeKey } from "./elements.js";
import { TABLE, labelSet, type Generation } from "./layout.js";

/** What a ruleset says of itself. */
export interface RulesetLabel extends Label {
  readonly posture: Posture;
}

/** Replaces the label; in the same batch as what it speaks of. */
// nft: flush set inet tourniquet label_a; add element inet tourniquet
//      label_a { 0x5eed1e55 . 0x00000000 . 0x0000002a . 0x00000300 }
export function writeLabel(
  w: MessageWriter,
  label: RulesetLabel,
  generation: Generation,
): void {
  const set = labelSet(generation).name;
  flushSet(w, TABLE, set);
  writeElements(w, { verb: "add", set }, [encodeLabel(label)], (key) =>
    writeKey(w, key),
  );
}

/** Asks whether this is the label. */
// nft: get element inet tourniquet
//      label_a { 0x5eed1e55 . 0x00000000 . 0x0000002a . 0x00000300 }
export function askForLabel(
  w: MessageWriter,
  label: RulesetLabel,
  generation: Generation,
): void {
  const set = labelSet(generation).name;
  writeElements(w, { verb: "get", set }, [encodeLabel(label)], (key) =>
    writeKey(w, key),
  );
}

/**
 * Four marks: the ledger, the revision's upper and lower half, and how the rules
 * are built: the version of the layout, and a bit for each choice of posture.
 */
export function encodeLabel({
  ledger,
  revision,
  posture,
}: RulesetLabel): Uint8Array {
  const observing = posture.mode === "observe" ? OBSERVING : 0;
  const rejecting = posture.egress === "reject" ? REJECTING : 0;
  return hostBytes(
    ...[ledger, Math.floor(revision / 2 ** 32), revision >>> 0],
    (LAYOUT_VERSION << 8) | observing | rejecting,
  );
}

/** Undefined for what another version of this program has left. */
export function decodeLabel(key: Buffer): RulesetLabel | undefined {
  return versionOf(key) === LAYOUT_VERSION ? labelIn(key) : undefined;
}

/** What another version has left; undefined for this one's, and for noise. */
export function decodeForeign(key: Buffer): RulesetLabel | undefined {
  const version = versionOf(key);
  if (version === 0 || version === LAYOUT_VERSION) return undefined;
  return labelIn(key);
}

const versionOf = (key: Buffer): number =>
  key.length === LABEL_BYTES ? hostU32(key, 12) >>> 8 : 0;

function labelIn(key: Buffer): RulesetLabel {
  const built = hostU32(key, 12);
  return {
    ledger: hostU32(key, 0),
    revision: hostU32(key, 4) * 2 ** 32 + hostU32(key, 8),
    posture: {
      mode: built & OBSERVING ? "observe" : "enforce",
      egress: built & REJECTING ? "reject" : "drop",
    },
  };
}

/**
 * Counts up whenever sets or rules change their shape; the label keeps its own.
 * 2 was built by 0.1.0.
 */
const LAYOUT_VERSION = 3;

const OBSERVING = 1;
const REJECTING = 2;

const LABEL_BYTES = 16;
