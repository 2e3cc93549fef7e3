import { hostBytes, hostU32 } from "../../netlink/attributes.js";
import { flushSet } from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { Label } from "../enforcer.js";
import { writeElements, writeKey } from "./elements.js";
import { TABLE, labelSet, type Generation } from "./layout.js";

/** Replaces the label; in the same batch as what it labels. */
export function writeLabel(
  w: MessageWriter,
  label: Label,
  generation: Generation,
): void {
  const set = labelSet(generation).name;
  flushSet(w, TABLE, set);
  writeElements(w, { verb: "add", set }, [encodeLabel(label)], (key) =>
    writeKey(w, key),
  );
}

/** Asks whether this is the label. */
export function askForLabel(
  w: MessageWriter,
  label: Label,
  generation: Generation,
): void {
  const set = labelSet(generation).name;
  writeElements(w, { verb: "get", set }, [encodeLabel(label)], (key) =>
    writeKey(w, key),
  );
}

/** Three marks: the ledger, and the revision's upper and lower half. */
export function encodeLabel({ ledger, revision }: Label): Uint8Array {
  return hostBytes(ledger, Math.floor(revision / 2 ** 32), revision >>> 0);
}

/** @throws MalformedNetlink when the bytes are too few */
export function decodeLabel(key: Buffer): Label {
  return {
    ledger: hostU32(key, 0),
    revision: hostU32(key, 4) * 2 ** 32 + hostU32(key, 8),
  };
}
