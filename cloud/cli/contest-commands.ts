import { Argument, type Command } from "commander";
import {
  answerContest,
  contestOf,
  contestsOf,
  makeContestCode,
  openContest,
  type ContestItem,
} from "./ask-contests.js";
import { clientOf, type Client } from "./client.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { CONTESTS } from "../query/lists/contests.js";
import type { Page, Query } from "./pages.js";
import { queryIn, someOf, takesQuery, toldQuery } from "./query-argument.js";
import { table, toldPage } from "./tables.js";
import { momentOf, wholeNumber } from "./words.js";

interface Options {
  readonly all?: true;
  readonly limit: string;
  readonly json?: true;
  readonly explain?: true;
  readonly why: string;
  readonly contact?: string;
  readonly answer: string;
  readonly for?: string;
}

/** contest open, code, list, show, answer. */
export function addContestCommands(program: Command, io: Io): void {
  const contest = program
    .command("contest")
    .description("bans that somebody calls wrong, and what is said to it");
  addOpening(contest, io);
  addReading(contest, io);
  contest
    .command("answer")
    .description(
      "as somebody else than who ordered what bans it, or released that",
    )
    .argument("<id>")
    .addArgument(new Argument("<verdict>").choices(Object.keys(VERDICTS)))
    .requiredOption("--answer <text>", "what whoever asked is told")
    .option("--for <time>", "of shorten: how long it is banned from now on")
    .option("--json", JSON_HELP)
    .action(async (...given: readonly unknown[]) => {
      const [id, said] = given as [string, keyof typeof VERDICTS];
      const command = given.at(-1) as Command;
      const { answer, for: term, json } = command.optsWithGlobals<Options>();
      const verdict = { verdict: VERDICTS[said], answer, for: term };
      const came = await answerContest(clientOf(command), id, verdict);
      if (json) {
        io.out(JSON.stringify(came));
        return;
      }
      const by = came.decisions.map(
        ({ decision, feed }) => `${decision} in ${feed}`,
      );
      const how = by.length === 0 ? "" : ` (${by.join(", ")})`;
      io.out(`${came.contest.address} is ${stateOf(came.contest)}${how}`);
    });
}

const VERDICTS = {
  release: "released",
  shorten: "shortened",
  refuse: "refused",
} as const;

function addOpening(contest: Command, io: Io): void {
  contest
    .command("open")
    .description("for somebody who says that an address is banned wrongly")
    .argument("<address>")
    .requiredOption("--why <text>", "in their words")
    .option("--contact <text>", "where they are to be reached")
    .option("--json", JSON_HELP)
    .action(async (address: string, _, command: Command) => {
      const { why, contact, json } = command.optsWithGlobals<Options>();
      const complaint = { address, why, contact };
      const opened = await openContest(clientOf(command), complaint);
      if (json) {
        io.out(JSON.stringify(opened));
        return;
      }
      const { contest: id, answerBy } = opened;
      io.out(`${id} waits for an answer until ${momentOf(answerBy)}`);
    });
  contest
    .command("code")
    .description("a code by which whoever has the address may contest, once")
    .argument("<address>")
    .option("--json", JSON_HELP)
    .action(async (address: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const made = await makeContestCode(clientOf(command), address);
      if (json) {
        io.out(JSON.stringify(made));
        return;
      }
      io.out(made.code);
      io.err(
        `good once, for ${made.address}, until ${momentOf(made.expiresAt)}; it is not shown again`,
      );
    });
}

function addReading(contest: Command, io: Io): void {
  takesQuery(contest.command("list"), CONTESTS)
    .description("list what waits for an answer")
    .option("--all", "what was answered as well")
    .option("--limit <count>", "the newest", "50")
    .option("--json", JSON_HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { all, limit, json, explain } = options;
      const q = queryIn(words, CONTESTS);
      if (explain) {
        toldQuery(io, q, CONTESTS);
        return;
      }
      const query = { all: String(all ?? false), limit, q };
      const page = await found(clientOf(command), query);
      if (json) jsonLines(io, page.items);
      else if (page.items.length === 0) io.out(noneSaid(q));
      else toldPage(io, page, (some) => table(HEAD, some.map(row)));
    });
  contest
    .command("show")
    .description("show one, and the decisions that it is about")
    .argument("<id>")
    .option("--json", JSON_HELP)
    .action(async (id: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<Options>();
      const found = await contestOf(clientOf(command), id);
      if (json) io.out(JSON.stringify(found));
      else for (const line of linesOf(found)) io.out(line);
    });
}

/** What a query asks for comes in pages that may be short. */
const found = async (
  client: Client,
  query: Query & { readonly limit: string },
): Promise<Page<ContestItem>> =>
  query["q"] === undefined
    ? contestsOf(client, query)
    : someOf(client, "/contests", query, wholeNumber(query.limit));

const noneSaid = (q: string | undefined): string =>
  q === undefined ? "no contest waits" : "no contest is like that";

const HEAD = ["id", "address", "opened", "by", "state", "why"];

const row = (each: ContestItem): readonly string[] => [
  ...[each.contest, each.address, momentOf(each.openedAt), each.openedBy],
  ...[stateOf(each), each.why],
];

function stateOf({ state, isOverdue, until, answerBy }: ContestItem): string {
  if (state === "open") {
    const due = `due ${momentOf(answerBy)}`;
    return isOverdue ? `OVERDUE, ${due}` : due;
  }
  return until === null ? state : `${state} until ${momentOf(until)}`;
}

function linesOf(each: ContestItem): readonly string[] {
  const { contest, address, openedBy, openedAt, proof, why, contact } = each;
  return [
    `${contest}: the bans on ${address}; ${stateOf(each)}`,
    `opened by ${openedBy} (${PROOFS[proof]}) ${momentOf(openedAt)}: ${why}`,
    ...(contact === "" ? [] : [`to be reached at ${contact}`]),
    ...each.decisions.map((id) => `about ${id}; see: decision ${id}`),
    ...(each.answeredBy === null
      ? []
      : [
          `answered by ${each.answeredBy} ${momentOf(each.answeredAt ?? openedAt)}: ${each.answer ?? ""}`,
        ]),
    ...(each.bySelf === true
      ? ["who answered had ordered it: nobody else could sign in"]
      : []),
  ];
}

const PROOFS: Readonly<Record<ContestItem["proof"], string>> = {
  "from-address": "from the address itself",
  code: "with a code",
  operator: "taken down",
};
