import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Root } from "../../agent/protocol/root-document.js";
import { fingerprintOf } from "../../agent/trust/root.js";
import {
  documentOf,
  knownRoles,
  signersOf,
  type Draft,
} from "../roots/ceremony.js";
import { readChain, readKeys } from "../roots/root-files.js";
import { dateOf } from "./tables.js";

/** A root for people: what it says, who signed it, and who still has to. */
export function shownRoot(draft: Draft, dir: string): readonly string[] {
  const root = documentOf(draft);
  const here = new Set(keysIn(dir));
  const lines = knownRoles(root).map(([name, { keys, threshold }]) => {
    const named = keys.map((id) => (here.has(id) ? `${id} (key is here)` : id));
    return `${name}: ${threshold} of ${keys.length}: ${named.join(", ")}`;
  });
  return [
    `root ${root.version}, fingerprint ${fingerprintOf(draft)}`,
    `made ${dateOf(root.issuedAt)}, good until ${dateOf(root.expiresAt)}`,
    ...lines,
    ...signatures(draft, root, dir),
  ];
}

/** Where a cloud's folder is at hand, also what the root before it asks for. */
function signatures(draft: Draft, root: Root, dir: string): readonly string[] {
  const wanted = [before(root, dir), root].filter((each) => each !== undefined);
  return wanted.map((by) => {
    const good = signersOf(draft, by, "root");
    const { threshold } = by.roles.root;
    const missing = threshold - good.length;
    const state = missing > 0 ? `${missing} missing` : "enough";
    return `signatures: ${good.length} of the ${threshold} that root ${by.version} asks for, ${state}`;
  });
}

function before(root: Root, dir: string): Root | undefined {
  if (!isCloud(dir)) return undefined;
  const text = readChain(dir).texts[root.version - 2];
  return text && documentOf(text);
}

const keysIn = (dir: string): readonly string[] =>
  isCloud(dir) ? readKeys(dir).map(({ id }) => id) : [];

/** Whoever signs elsewhere has no cloud at hand. */
export const isCloud = (dir: string): boolean =>
  existsSync(join(dir, "roots")) && existsSync(join(dir, "keys"));
