import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import * as v from "valibot";
import { systemClock } from "../../agent/runtime/clock.js";
import { failed, misused } from "../../agent/text/failure.js";
import { CallOut } from "../api/routes/audit.js";
import { callsAsked } from "../audit/calls-asked.js";
import {
  Records,
  type CallRecord,
  type RecordsQuery,
} from "../audit/records.js";
import { BadFolder, filesOf } from "../folder.js";
import { openDatabase } from "../journal/database.js";
import { isRunning, LocalLog } from "../local-log.js";
import { AUDIT } from "../query/lists/audit.js";
import { parseQuery } from "../query/parse.js";
import { Turns } from "../rate/turns.js";
import { audit, type Audited } from "../tree/audit.js";
import type { Io } from "./io.js";
import { JSON_HELP, jsonLines } from "./json.js";
import { queryIn, takesQuery, toldQuery } from "./query-argument.js";
import { linesOfCall } from "./told-calls.js";

interface Options {
  readonly dir: string;
  readonly verify?: true;
  readonly by?: string;
  readonly operation?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly json?: true;
  readonly explain?: true;
}

/** audit: who changed what. */
export function addAuditCommand(program: Command, io: Io): void {
  takesQuery(program.command("audit"), AUDIT)
    .description(
      "who changed what, from where and why; reads the cloud's folder, and needs no cloud",
    )
    .option("--verify", "hold every record to the tree of the log instead")
    .option("--by <operator>", "name or id")
    .option("--operation <id>", "such as ban: as in docs/openapi.json")
    .option("--since <time>", "2026-11-28T14:00:00Z, or 90m, 24h, 7d ago")
    .option("--limit <count>", "the newest (default: 50)")
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (words: string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const q = queryIn(words, AUDIT);
      if (options.explain) toldQuery(io, q, AUDIT);
      else if (options.verify) await verify(options, q, io);
      else await list(options, q, io);
    });
}

const HELP = `
--verify ends with 0 where all fits, and with 1 where something does not: it names
the first record, by its number. What was written behind the tree's back is told
until the cloud takes it in; a head that is kept elsewhere tells it ever after
(log head, docs/operate.md).

Examples:
  $ tourniquet-cloud audit --by alice --since 24h
  $ tourniquet-cloud audit 'operation:ban called:<24h not by:alice'
  $ tourniquet-cloud audit --operation addOperator --json
  $ tourniquet-cloud audit --verify`;

async function list(
  options: Options,
  q: string | undefined,
  io: Io,
): Promise<void> {
  const found = await recordsIn(options.dir, queryOf(options, q));
  if (options.json) {
    const calls = found.map((each) => v.parse(CallOut, each));
    jsonLines(io, calls);
  } else if (found.length === 0) {
    io.out("nobody changed anything of that kind");
  } else {
    for (const each of found.flatMap(linesOfCall)) io.out(each);
  }
}

/** The newest first. @throws BadFolder */
async function recordsIn(
  dir: string,
  query: RecordsQuery,
): Promise<readonly CallRecord[]> {
  const { decisions } = filesOf(dir);
  if (!existsSync(decisions)) {
    throw new BadFolder(
      `there is no ${decisions}: was the cloud ever started?`,
    );
  }
  const file = openDatabase(decisions, "read-only");
  try {
    const records = new Records(file);
    const turns = new Turns(systemClock);
    const found: CallRecord[] = [];
    let before = query.before;
    while (found.length < query.limit) {
      const limit = query.limit - found.length;
      const page = await records.page({ ...query, limit, before }, turns);
      found.push(...page.records);
      if (page.next === null) break;
      before = page.next;
    }
    return found;
  } finally {
    file.close();
  }
}

const queryOf = (
  { by, operation, since, limit = "50" }: Options,
  q: string | undefined,
): RecordsQuery => ({
  ...{ by, operation },
  is: q === undefined ? q : callsAsked(parseQuery(q, AUDIT), Date.now()),
  since: since === undefined ? undefined : momentOf(since),
  limit: countOf(limit),
});

function countOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw misused(`--limit "${text}" is no number from 1 to 9999999`);
}

/** Milliseconds since 1970. @throws Failure */
function momentOf(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined && unit !== undefined) {
    return Date.now() - Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(moment)) return moment;
  throw misused(
    `--since "${text}" is no time: write 2026-11-28T14:00:00Z, or 90m, 24h, 7d`,
  );
}

const UNIT_MS = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 } as const;

/** @throws Failure, with exit code 1, at the first record that does not fit */
async function verify(
  options: Options,
  q: string | undefined,
  io: Io,
): Promise<void> {
  mustBeAlone(options, q);
  const { json, dir } = options;
  const { root, misfit, ...fit } = await audited(dir);
  if (json) io.out(JSON.stringify({ ...fit, root, misfit: misfit ?? null }));
  if (misfit !== undefined) {
    throw failed(
      `event ${misfit.seq} ${misfit.why}; ${fit.events} before it fit`,
    );
  }
  if (json) return;
  io.out(
    `${fit.calls} calls of operators, among ${fit.events} events, fit the ${fit.leaves} leaves of the tree ${root}`,
  );
}

/** The tree of a cloud that runs may be a second behind: it gets its time. */
async function audited(
  dir: string,
): Promise<Audited & { readonly root: string }> {
  for (let turn = 1; ; turn += 1) {
    const found = auditedNow(dir);
    const mayPass = found.misfit?.isAhead === true && isRunning(dir);
    if (!mayPass || turn >= MOST_TURNS) return found;
    await sleep(1_000);
  }
}

const MOST_TURNS = 10;

function auditedNow(dir: string) {
  using local = new LocalLog(dir, "as-it-lies");
  const found = audit(local.tree);
  const root = local.tree.store.root().toString("hex");
  const [back] = local.tree.reappeared();
  if (found.misfit !== undefined || back === undefined)
    return { ...found, root };
  throw failed(`observation ${back} was erased and is there again`);
}

function mustBeAlone(
  { by, operation, since, limit }: Options,
  q: string | undefined,
): void {
  if (q !== undefined) {
    throw misused(`--verify looks at all there is: leave out "${q}"`);
  }
  const given = { by, operation, since, limit };
  const [named] = Object.entries(given).filter(
    ([, value]) => value !== undefined,
  );
  if (named === undefined) return;
  throw misused(`--verify looks at all there is: leave out --${named[0]}`);
}
