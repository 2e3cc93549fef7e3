import type { Command } from "commander";
import { misused } from "../../agent/text/failure.js";
import { explain } from "../query/explain.js";
import { parseQuery } from "../query/parse.js";
import { QueryError, type ListSpec } from "../query/query.js";
import type { Client } from "./client.js";
import type { Io } from "./io.js";
import { pageOf, type Page, type Query } from "./pages.js";

/** Lets a command be asked for some rows of a list, in the words of docs/query.md. */
export const takesQuery = (command: Command, list: ListSpec): Command =>
  command
    .argument("[query...]", `which ${list.noun}: see docs/query.md`)
    .option("--explain", "say what the query is taken for, and ask nothing");

/**
 * The query that a command's words are; undefined: none.
 * @throws Failure with a mark below what is no query
 */
export function queryIn(
  words: readonly string[],
  list: ListSpec,
): string | undefined {
  if (words.length === 0) return undefined;
  const text = words.map(asTerm).join(" ");
  try {
    parseQuery(text, list);
    return text;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw misused(`${error.message}\n${marked(text, error)}`);
  }
}

/**
 * A word that the shell has taken out of its quotes gets them back, unless it is a
 * whole query: one in which another field begins.
 */
function asTerm(word: string): string {
  if (!/\s/.test(word) || word.includes('"') || LATER_FIELD.test(word)) {
    return word;
  }
  const [, field = "", value = ""] = /^([-\w]+:[<>=]*)?(.*)$/s.exec(word) ?? [];
  return `${field}"${value}"`;
}

/** Not "https://…", which reasons have in them. */
const LATER_FIELD = /\s-?[a-z]+:(?!\/\/)\S/i;

function marked(text: string, { at, length }: QueryError): string {
  const from = Math.max(0, at - BEFORE);
  const shown = text.slice(from, from + SHOWN);
  const mark = "^".repeat(Math.max(1, Math.min(length, SHOWN - (at - from))));
  return `  ${shown}\n  ${" ".repeat(at - from)}${mark}`;
}

/** Characters of a long query: before what is wrong, and in all. */
const BEFORE = 40;
const SHOWN = 76;

/** Says in plain English what a query asks for. */
export const toldQuery = (
  io: Io,
  text: string | undefined,
  list: ListSpec,
): void => io.out(explain(parseQuery(text ?? "", list)));

/**
 * So many rows of a list that is asked, whose pages may be short.
 * @param most on one page
 */
export async function someOf<T>(
  client: Client,
  path: string,
  query: Query,
  ...[limit, most = limit]: readonly [limit: number, most?: number]
): Promise<Page<T>> {
  const items: T[] = [];
  for (let cursor: string | undefined; ;) {
    const wanted = Math.min(most, limit - items.length);
    const left = { limit: String(wanted), cursor };
    const page: Page<T> = await pageOf(client, path, { ...query, ...left });
    items.push(...page.items);
    if (page.next === null || items.length >= limit) {
      return { items, next: page.next };
    }
    cursor = page.next;
  }
}
