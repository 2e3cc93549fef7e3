import { createReadStream, statSync } from "node:fs";
import type { Command } from "commander";
import { parseShape } from "../../../agent/protocol/shapes.js";
import { CarriedReceipts } from "../../../agent/protocol/carried.js";
import { writeWhole } from "../../../agent/runtime/atomic-file.js";
import { countText } from "../../../agent/text/count.js";
import { Failure, exitCodes, misused } from "../../../agent/text/failure.js";
import { messageOf } from "../../../agent/text/message.js";
import type { AppliedView } from "../../control/carrying.js";
import { askAgent, handToAgent } from "../../control/client.js";
import { appliedText } from "../applied-text.js";

interface ApplyOptions {
  readonly receipts?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `tourniquet apply`, and `tourniquet receipts`: what is carried here, and back. */
export function applyCommand(program: Command, socket: () => string): void {
  program
    .command("apply <file>")
    .description("take in a bundle that tourniquet-cloud bundle made")
    .option("--receipts <out>", "write what to carry back to the cloud")
    .option("--dry-run", "verify all of it, and change nothing")
    .option("--json", "print one JSON object")
    .action(async (file: string, options: ApplyOptions) => {
      if (options.dryRun === true && options.receipts !== undefined) {
        throw misused(
          "--dry-run changes nothing that --receipts would tell of",
        );
      }
      const applied = await apply(socket(), file, options);
      const told = options.json
        ? JSON.stringify(applied)
        : appliedText(applied);
      say(told);
      if (options.receipts !== undefined) {
        await keepReceipts(socket(), options.receipts, options);
      }
      const stopped = applied.feeds.filter(({ stopped }) => stopped !== null);
      if (stopped.length === 0) return;
      const names = stopped.map(({ feed }) => feed).join(", ");
      throw new Failure(
        `not all of the bundle was taken in: ${names}; apply it again, or a newer one`,
        exitCodes.inPart,
      );
    });
  program
    .command("receipts <out>")
    .description("write this host's newest receipts, to carry to its cloud")
    .action((out: string) => keepReceipts(socket(), out, {}));
}

async function apply(
  socket: string,
  file: string,
  { dryRun = false }: ApplyOptions,
): Promise<AppliedView> {
  const size = sizeOf(file);
  const body = createReadStream(file);
  const handed = { path: "/v1/apply", body, size, dryRun };
  return (await handToAgent(socket, handed)) as AppliedView;
}

async function keepReceipts(
  socket: string,
  out: string,
  { json }: Pick<ApplyOptions, "json">,
): Promise<void> {
  const answer = await askAgent(socket, "/v1/receipts");
  const carried = parseShape(CarriedReceipts, answer, "the agent's receipts");
  try {
    writeWhole(out, `${JSON.stringify(carried)}\n`);
  } catch (error) {
    throw misused(`OUT "${out}": ${messageOf(error)}`, error);
  }
  if (json) return;
  const count = countText(carried.receipts.length, "receipt");
  say(
    `${count} of ${carried.agent} in ${out}; hand them to the cloud: tourniquet-cloud take-receipts`,
  );
}

function sizeOf(file: string): number {
  try {
    const found = statSync(file);
    if (found.isFile()) return found.size;
  } catch (error) {
    throw misused(`FILE "${file}": ${messageOf(error)}`, error);
  }
  throw misused(`FILE "${file}" is no regular file`);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
