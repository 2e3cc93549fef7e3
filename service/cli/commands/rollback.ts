import type { Command } from "commander";
import type { RolledBack } from "../../../agent/ledger/operator/going-back.js";
import { failed, misused } from "../../../agent/text/failure.js";
import { orderAgent } from "../../control/client.js";
import type { WentBackView } from "../../control/order-views.js";
import { LONGEST_SINCE_S } from "../../control/order-limits.js";
import { secondsOf } from "../../terminal/duration.js";
import { answerUndone, answerWentBack } from "../order-text.js";

interface RollbackOptions {
  readonly toBefore?: string;
  readonly since?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

/** `tourniquet rollback`: takes back orders as a whole, and says what it did. */
export function rollbackCommand(program: Command, socket: () => string): void {
  program
    .command("rollback [revision]")
    .description(
      "take back the newest order of the cloud, or all since an earlier one; with a revision, make its whole ruleset the present one",
    )
    .option("--to-before <order>", "all since, and with, this order (history)")
    .option("--since <time>", "all of the last 10m, or 24h at most")
    .option("--dry-run", "only say what would come of it")
    .option("--undo", "let feeds have their say again")
    .option("--json", "print one JSON object")
    .action(async (revision: string | undefined, options: RollbackOptions) => {
      if (options.undo) return undo(socket(), options);
      const order = orderOf(revision, options);
      const answer = (await orderAgent(
        socket(),
        "/v1/rollback",
        order,
      )) as WentBackView;
      const { text, failure } = answerWentBack(answer);
      say(options.json ? JSON.stringify(answer) : text);
      if (failure !== undefined) throw failure;
    });
}

async function undo(
  socket: string,
  { json, toBefore, since, dryRun }: RollbackOptions,
): Promise<void> {
  if (toBefore !== undefined || since !== undefined || dryRun === true) {
    throw misused("--undo takes every rollback back, and goes with no other");
  }
  const order = orderAgent(socket, "/v1/rollback/undo", {});
  const answer = (await order) as RolledBack;
  if (json) say(JSON.stringify(answer));
  if (answer.withheld + answer.putBack === 0) {
    throw failed("nothing was rolled back: nothing changed");
  }
  if (!json) say(answerUndone(answer));
}

function orderOf(
  text: string | undefined,
  { toBefore, since, dryRun = false }: RollbackOptions,
): object {
  const given = [text, toBefore, since].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw misused("a revision, --to-before and --since exclude each other");
  }
  return {
    ...(text !== undefined && { revision: numberOf("a revision", text) }),
    ...(toBefore !== undefined && { toBefore: numberOf("an order", toBefore) }),
    ...(since !== undefined && {
      since: secondsOf("--since", since, LONGEST_SINCE_S),
    }),
    ...(dryRun && { dryRun }),
  };
}

function numberOf(what: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw misused(`"${text}" is not ${what} (see: tourniquet history)`);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
