import { readFileSync } from "node:fs";
import type { Command } from "commander";
import type { CarriedAnswer } from "../../agent/protocol/carried.js";
import {
  CarriedReceipts,
  CarriedRequest,
} from "../../agent/protocol/carried.js";
import { limits } from "../../agent/protocol/limits.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { EnrolmentAnswer } from "../../agent/protocol/enrolment.js";
import { parseJson, parseShape } from "../../agent/protocol/shapes.js";
import { WholeFile } from "../../agent/runtime/atomic-file.js";
import { Failure, exitCodes, misused } from "../../agent/text/failure.js";
import { fileFailure } from "../../agent/text/file-failures.js";
import { keyIdOf } from "../../agent/trust/keys.js";
import { takeCarried } from "./ask-cloud.js";
import { keepBundle } from "./bundle-file.js";
import { clientOf } from "./client.js";
import { AGENT_HELP } from "./identity-commands.js";
import type { Io } from "./io.js";
import { JSON_HELP } from "./json.js";
import { positionsFrom } from "./since.js";
import { toldBundle, toldReceipt } from "./told-carried.js";

interface BundleOptions {
  readonly org?: string;
  readonly agent?: string;
  readonly since?: readonly string[];
  readonly json?: true;
}

/** bundle, take-receipts, enrol-host: for hosts that no network reaches. */
export function addCarryCommands(program: Command, io: Io): void {
  addBundle(program, io);
  program
    .command("take-receipts")
    .description("take in receipts that were carried back from a host")
    .argument("<file>", "what tourniquet receipts, or apply --receipts, wrote")
    .option("--json", JSON_HELP)
    .action(async (file: string, _, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: true }>();
      const carried = read(file, (text) =>
        parseJson(CarriedReceipts, text, file),
      );
      const answer = await takeCarried(clientOf(command), carried);
      const { agent, receipts } = answer;
      if (json) io.out(JSON.stringify(answer));
      else for (const each of receipts) io.out(toldReceipt(each));
      const refused = receipts.filter(({ fate }) => fate === "refused").length;
      if (refused === 0) return;
      const code =
        refused < receipts.length ? exitCodes.inPart : exitCodes.failed;
      throw new Failure(
        `${refused} of ${receipts.length} receipts of ${agent} prove nothing`,
        code,
      );
    });
  program
    .command("enrol-host")
    .description("enrol a host by a request that was carried here")
    .argument("<file>", "what tourniquet enrol --request-to wrote")
    .argument("<answer>", "file to carry back: tourniquet enrol --answer")
    .action(async (file: string, out: string, _, command: Command) => {
      const { request } = read(file, (text) =>
        parseJson(CarriedRequest, text, file),
      );
      // The token is spent by the answer that is written there.
      using place = claim(out);
      const said = await clientOf(command).post<unknown>("/v1/enrol", request);
      const answer = parseShape(EnrolmentAnswer, said, "the cloud's answer");
      const key = keyIdOf(Buffer.from(request.publicKey, "base64url"));
      const carried: CarriedAnswer = { type: "carried-answer", key, answer };
      place.write(`${JSON.stringify(carried)}\n`);
      const { agent, org } = answer;
      io.out(
        `${request.hostname} is enrolled as ${agent} of ${org}; carry ${out} back to it: tourniquet enrol --answer ${out}`,
      );
    });
}

function addBundle(program: Command, io: Io): void {
  program
    .command("bundle")
    .description("write what hosts of an org need into one file, to be carried")
    .argument("<out>", "the file; tourniquet apply takes it in")
    .option("--org <id>", "whose hosts (default: the only org there is)")
    .option(
      "--agent <agent>",
      `go on from where this host stood by its receipts: ${AGENT_HELP}`,
    )
    .option(
      "--since <from>",
      "go on from here: a file of verify --json or of receipts, or FEED=EPOCH/OFFSET/HASH; may be repeated",
      (from: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        from,
      ],
    )
    .option("--json", JSON_HELP)
    .addHelpText("after", HELP)
    .action(async (out: string, _, command: Command) => {
      const { org, agent, since, json } =
        command.optsWithGlobals<BundleOptions>();
      const positions = (since ?? []).flatMap(positionsFrom);
      const order = {
        ...(org !== undefined && { org }),
        ...(agent !== undefined && { agent }),
        ...(since !== undefined && { since: positions }),
      };
      const response = await clientOf(command).stream("/bundles", order);
      const body = response.body as unknown as AsyncIterable<Uint8Array>;
      const summary = await keepBundle(out, body);
      io.out(json ? JSON.stringify(summary) : toldBundle(out, summary));
    });
}

const HELP = `
Without --agent or --since it brings whole states, so that any host of the org can
take it. Nothing in it is secret from the org, and it proves nothing by itself: hosts
verify each part as if it came over the network.

Examples:
  $ tourniquet-cloud bundle --org example /media/stick/bans.tqb
  $ tourniquet-cloud bundle --agent web7 /media/stick/web7.tqb
  $ tourniquet-cloud take-receipts /media/stick/web7.receipts`;

/** @throws Failure that names the file */
function read<T>(file: string, parse: (text: string) => T): T {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MOST_BYTES) throw new Malformed(file, "is too large");
    return parse(bytes.toString("utf8"));
  } catch (error) {
    throw misused(`FILE "${file}": ${fileFailure(error)}`, error);
  }
}

function claim(path: string): WholeFile {
  try {
    return new WholeFile(path);
  } catch (error) {
    throw misused(`"${path}" cannot be written: ${fileFailure(error)}`, error);
  }
}

const MOST_BYTES = (limits.carriedReceipts + 1) * limits.textBytes;
