import { isAlias, isScalar, parseDocument, visit } from "yaml";

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
  const document = parseDocument(text, {
    ...{ version: "1.2", schema: "core", strict: true, uniqueKeys: true },
    ...{ merge: false, customTags: [], prettyErrors: true },
  });
  const problems = [...document.errors, ...document.warnings].map(
    ({ message }) => message.split("\n")[0] ?? "",
  );
  visit(document, (_key, node) => {
    if (isAlias(node)) problems.push("aliases are not taken");
    else if (isScalar(node) && node.anchor !== undefined)
      problems.push(`anchors are not taken: &${node.anchor}`);
  });
  if (problems.length > 0) throw new BadPolicy(problems.slice(0, MOST_TOLD));
  return document.toJS({ maxAliasCount: 0 });
}

/** 1,024 IPv6 ranges with reasons, and an allowance. */
export const MOST_BYTES = 128 * 1024;

const MOST_TOLD = 8;
