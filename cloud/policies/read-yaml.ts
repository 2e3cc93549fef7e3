import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";

/** Why a text is no policy, each with the field or the line. */
export class BadPolicy extends Error {
  override readonly name = "BadPolicy";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("; "));
  }
}

/**
 * What a YAML text means, without anything that could mean more than it says: one
 * document, no anchors, aliases, merges or tags, and no key twice.
 * @throws BadPolicy
 */
export function readYaml(text: string): unknown {
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) {
    throw new BadPolicy([`it has ${bytes} bytes, more than ${MOST_BYTES}`]);
  }
  if (nestsTooDeeply(text)) {
    throw new BadPolicy([`it nests lists deeper than ${MOST_DEEP}`]);
  }
  const document = parseDocument(text, {
    ...{ version: "1.2", schema: "core", strict: true, uniqueKeys: false },
    ...{ merge: false, customTags: [], prettyErrors: true },
  });
  const problems = [...document.errors, ...document.warnings].map(
    ({ message }) => message.split("\n")[0] ?? "",
  );
  visit(document, (_key, node) => {
    if (isAlias(node)) problems.push("aliases are not taken");
    else if (isNode(node)) {
      if (node.anchor !== undefined) {
        problems.push(`anchors are not taken: &${node.anchor}`);
      }
      if (node.tag !== undefined) problems.push("tags are not taken");
      if (isMap(node)) problems.push(...repeatedKeys(node));
    }
  });
  if (problems.length > 0) throw new BadPolicy(problems.slice(0, MOST_TOLD));
  return document.toJS({ maxAliasCount: 0 });
}

/** The parser itself compares each key with all before it: seconds of a long text. */
function repeatedKeys({ items }: YAMLMap): readonly string[] {
  const seen = new Set<string>();
  return items.flatMap(({ key }) => {
    const name = String(isScalar(key) ? key.value : key);
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew ? [] : [`${name.slice(0, 80)} stands there twice`];
  });
}

/** 1,024 IPv6 ranges with reasons, and an allowance. */
export const MOST_BYTES = 64 * 1024;

/** Whatever stands in quotes counts too: no policy has so many brackets open. */
function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  for (const each of text) {
    if (each === "[" || each === "{") depth += 1;
    else if (each === "]" || each === "}") depth -= 1;
    if (depth > MOST_DEEP) return true;
  }
  return DASHES.test(text);
}

const MOST_DEEP = 16;

/** "- - - - …", which nests as brackets do. */
const DASHES = new RegExp(`(?:[-?:] +){${MOST_DEEP}}`);

const MOST_TOLD = 8;
