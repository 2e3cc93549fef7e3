import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  type ParsedNode,
} from "yaml";
import { misused } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";

/** A YAML file as it was read. */
export interface YamlText {
  /** Null for nothing but comments. */
  readonly value: unknown;
  /** Line that the path begins at, or the nearest around it; from 1. */
  lineOf(path: readonly string[]): number;
}

/**
 * Reads one document without anything that refers to another place of it.
 * @throws Failure with the file, the line and the column
 */
export function readYaml(text: string, file: string): YamlText {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines });
    const [wrong] = document.errors;
    if (wrong !== undefined) throw wrong;
    return {
      value: document.toJS({ maxAliasCount: 0 }),
      lineOf: (path) => lines.linePos(offsetOf(document.contents, path)).line,
    };
  } catch (error) {
    throw misused(`${file} is not YAML: ${messageOf(error)}`, error);
  }
}

export const yamlOf = (value: unknown): string =>
  stringify(value, { lineWidth: 0, flowCollectionPadding: true });

function offsetOf(
  contents: ParsedNode | null,
  path: readonly string[],
): number {
  let node: unknown = contents;
  let offset = 0;
  for (const name of path) {
    const [key, inner] = partOf(node, name);
    if (key === undefined) break;
    offset = key;
    node = inner;
  }
  return offset;
}

/** Where a part of a node begins, and the part. */
function partOf(
  node: unknown,
  name: string,
): readonly [number | undefined, unknown] {
  if (isSeq<ParsedNode>(node)) {
    const item = node.items[Number(name)];
    return [item?.range[0], item];
  }
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return [undefined, null];
  const pair = node.items.find(
    ({ key }) => isScalar(key) && String(key.value) === name,
  );
  return [pair?.key.range[0], pair?.value];
}

/** What a text says at its outermost, as far as it can be read; nothing is refused. */
export function hintsIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parseDocument(text).toJS({ maxAliasCount: 0 });
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : {};
  } catch {
    return {};
  }
}
