import * as v from "valibot";
import {
  LineCounter,
  isAlias,
  isMap,
  isNode,
  isScalar,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type YAMLMap,
} from "yaml";
import { unshownIn } from "../../agent/text/shown.js";
import { RulesFile } from "./rule-shape.js";
import type { Rule } from "./rule-set.js";

/** What is wrong in a text of rules, and where. */
export interface RuleFault {
  /** From 1. */
  readonly line: number;
  /** Such as "rules[0].ban.for"; empty: the whole. */
  readonly field: string;
  /** As it is written, clipped; undefined: there is none. */
  readonly value: string | undefined;
  readonly says: string;
}

/** Rules that cannot be understood: nobody is ruled by them. */
export class BadRules extends Error {
  override readonly name = "BadRules";

  constructor(readonly faults: readonly RuleFault[]) {
    super(faults.map(faultText).join("; "));
  }
}

/** "line 4: rules[0].ban.for is no duration, such as …: \"soon\"". */
export function faultText({ line, field, value, says }: RuleFault): string {
  const what = field === "" ? says : `${field} ${says}`;
  return `line ${line}: ${what}${value === undefined ? "" : `: ${value}`}`;
}

export const MOST_RULES_BYTES = 64 * 1024;

/** Without anchors, tags and directives, YAML of rules nests no deeper. */
const DEEPEST = 8;

/** Of many, enough to begin with. */
const MOST_FAULTS = 20;

/**
 * Rules from YAML: one document of plain values, and nothing by which a short
 * text stands for much, or for something else than a person sees.
 * @throws BadRules
 */
export function readRules(text: string): readonly Rule[] {
  if (Buffer.byteLength(text) > MOST_RULES_BYTES) {
    throw wrong(1, `has more than ${MOST_RULES_BYTES} bytes`);
  }
  mustBeShown(text);
  const lines = new LineCounter();
  const document = parsed(text, lines);
  mustBePlain(document, lines);
  const result = v.safeParse(RulesFile, document.toJS({ maxAliasCount: 0 }));
  if (!result.success) {
    const faults = result.issues.slice(0, MOST_FAULTS);
    throw new BadRules(faults.map((each) => faultOf(each, document, lines)));
  }
  const { rules } = result.output;
  mustDiffer(rules, document, lines);
  return rules;
}

/** In comments as well: who releases a text goes by what the terminal shows. */
function mustBeShown(text: string): void {
  const at = unshownIn(text);
  if (at === -1) return;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
  const line = text.slice(0, at).split("\n").length;
  throw wrong(line, `holds the control character U+${code}`);
}

function parsed(text: string, lines: LineCounter): Document {
  mustBeSimple(text);
  const options = {
    ...({ version: "1.2", schema: "core", strict: true } as const),
    ...{ uniqueKeys: false, merge: false, prettyErrors: false },
    lineCounter: lines,
  };
  const [first, second] = documentsOf(() => parseAllDocuments(text, options));
  if (first === undefined) throw wrong(1, "there is nothing in it");
  const problems = [...first.errors, ...first.warnings];
  if (problems.length > 0) {
    throw new BadRules(
      problems.slice(0, MOST_FAULTS).map(({ message, pos: [at] }) => ({
        ...{ line: lines.linePos(at).line, field: "", value: undefined },
        says: message,
      })),
    );
  }
  if (second !== undefined) {
    throw wrong(lineOf(second.contents, lines), "holds a second document");
  }
  return first;
}

function documentsOf(parse: () => Iterable<unknown>): readonly Document[] {
  try {
    return [...parse()] as Document[];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw wrong(1, TOO_DEEP);
  }
}

/** Before a parser recurs into it. */
function mustBeSimple(text: string): void {
  let open = 0;
  for (const [at, line] of text.split("\n").entries()) {
    if (line.startsWith("%")) {
      throw wrong(at + 1, "is a directive, which rules have not");
    }
    const indent = line.search(/[^\s?:-]|$/);
    open += (line.match(/[[{]/g) ?? []).length;
    if (open > MOST_OPEN || indent > MOST_INDENT) throw wrong(at + 1, TOO_DEEP);
    open = Math.max(0, open - (line.match(/[\]}]/g) ?? []).length);
  }
}

/** Brackets that may be open at a time, in texts and comments as well. */
const MOST_OPEN = 512;
const MOST_INDENT = 200;
const TOO_DEEP = "is nested too deep";

function mustBePlain(document: Document, lines: LineCounter): void {
  visit(document, {
    Alias: (_, node) => {
      throw wrong(lineOf(node, lines), "uses an alias, which rules have not");
    },
    Node: (_, node, path) => {
      const line = lineOf(node, lines);
      if (path.length > 2 * DEEPEST) throw wrong(line, TOO_DEEP);
      if (!isAlias(node) && node.anchor !== undefined) {
        throw wrong(line, `uses an anchor, which rules have not`);
      }
      if (node.tag !== undefined) {
        throw wrong(line, `uses a tag, which rules have not`);
      }
      if (isMap(node)) mustHavePlainKeys(node, lines);
    },
  });
}

/** The parser itself compares each key with all before it: seconds of a long text. */
function mustHavePlainKeys(map: YAMLMap, lines: LineCounter): void {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const isText = isScalar(key) && typeof key.value === "string";
    if (!isText) throw wrong(lineOf(map, lines), "has a key that is no text");
    const name = String(key.value);
    if (seen.has(name)) {
      const says = `has the key ${name.slice(0, 80)} twice`;
      throw wrong(lineOf(key, lines), says);
    }
    seen.add(name);
  }
}

/** By their names decisions say which rule it was. */
function mustDiffer(
  rules: readonly Rule[],
  document: Document,
  lines: LineCounter,
): void {
  const seen = new Set<string>();
  for (const [at, { name }] of rules.entries()) {
    if (!seen.has(name)) {
      seen.add(name);
      continue;
    }
    const node = document.getIn(["rules", at, "name"], true);
    throw new BadRules([
      {
        line: lineOf(node, lines),
        field: `rules[${at}].name`,
        value: JSON.stringify(name),
        says: "is the name of an earlier rule",
      },
    ]);
  }
}

type Issue = v.BaseIssue<unknown>;

function faultOf(
  issue: Issue,
  document: Document,
  lines: LineCounter,
): RuleFault {
  const path = (issue.path ?? []).map(({ key }) => key);
  const keys = [...path] as (string | number)[];
  const isUnknown =
    issue.type === "strict_object" && issue.expected === "never";
  const isMissing = issue.received === "undefined";
  return {
    line: lineOf(nodeAt(keys, document), lines),
    field: fieldOf(keys),
    // As it was written: a duration is a number of seconds by now.
    value: isMissing || isUnknown ? undefined : clipped(document.getIn(keys)),
    says: isUnknown
      ? "is not known here"
      : isMissing
        ? "is missing"
        : issue.message,
  };
}

/** Of what is not there, the next that is around it. */
function nodeAt(path: readonly (string | number)[], document: Document) {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return document.contents;
}

const lineOf = (node: unknown, lines: LineCounter): number =>
  lines.linePos((node as Node | null)?.range?.[0] ?? 0).line;

const fieldOf = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");

function clipped(value: unknown): string | undefined {
  if (typeof value === "object") return undefined;
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return undefined;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

const wrong = (line: number, says: string): BadRules =>
  new BadRules([{ line, field: "", value: undefined, says }]);
