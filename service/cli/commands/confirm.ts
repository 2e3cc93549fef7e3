import type { Command } from "commander";
import { orderAgent } from "../../control/client.js";
import { answerConfirmed } from "../order-text.js";

/** `tourniquet confirm`: what a trial took back comes into force all the same. */
export function confirmCommand(program: Command, socket: () => string): void {
  program
    .command("confirm [range]")
    .description(
      "enforce what was taken back since this host was not seen to live on with it (bans --held: not-confirmed)",
    )
    .option("--json", "print one JSON object")
    .action(async (range: string | undefined, { json }: { json?: boolean }) => {
      const what = range === undefined ? {} : { range };
      const order = orderAgent(socket(), "/v1/confirm", what);
      const answer = (await order) as Parameters<typeof answerConfirmed>[0];
      if (json) say(JSON.stringify(answer));
      const { text, failure } = answerConfirmed(answer, range);
      if (text !== undefined && !json) say(text);
      if (failure !== undefined) throw failure;
    });
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
