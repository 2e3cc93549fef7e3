import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { printable } from "../../../agent/log/printable.js";
import {
  formatCidr,
  InvalidCidr,
  parseListedCidr,
  type Cidr,
} from "../../../agent/model/cidr.js";
import { RING_WAITS } from "../../../agent/model/rings.js";
import {
  exitCodes,
  misused,
  type ExitCode,
} from "../../../agent/text/failure.js";
import { askAgent, NoAgent } from "../../control/client.js";
import type { CoveringBan, WhyView } from "../../control/why-view.js";
import { ruleText } from "../../terminal/rule-text.js";
import { table } from "../../terminal/table.js";
import { hitsTable } from "./hits.js";
import { farMoment, shortMoment } from "../../terminal/when.js";

/** `tourniquet why`: which ban covers an address, and what comes of it. */
export function whyCommand(program: Command, config: () => Config): void {
  program
    .command("why <address>")
    .description("say why an address or range is dropped, or is not")
    .option("--json", "print one JSON object")
    .option(
      "--quiet",
      "say nothing; exit code 0 dropped, 3 in part, 1 not, or not known",
    )
    .action(async (text: string, options: WhyOptions) => {
      const { json, quiet } = options;
      const cidr = rangeOf(text);
      const { why, note } = await answer(cidr, config());
      if (quiet === true) {
        process.exitCode = CODES[why.dropped];
        return;
      }
      if (note !== undefined) process.stderr.write(`tourniquet: ${note}\n`);
      const shown = json ? JSON.stringify(why) : whyText(why);
      process.stdout.write(`${shown}\n`);
    });
}

interface WhyOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const CODES: Readonly<Record<WhyView["dropped"], ExitCode>> = {
  yes: 0,
  partly: exitCodes.inPart,
  no: exitCodes.failed,
  unknown: exitCodes.failed,
};

/** IPv4 in IPv6 clothes is IPv4, since that is what is on the wire. */
function rangeOf(text: string): Cidr {
  try {
    return parseListedCidr(text.trim());
  } catch (error) {
    if (error instanceof InvalidCidr) throw misused(error.message, error);
    throw error;
  }
}

interface Answered {
  readonly why: WhyView;
  /** What the answer leaves out; undefined for nothing. */
  readonly note: string | undefined;
}

/** The agent's answer, or what its ledger and the kernel say without it. */
async function answer(cidr: Cidr, config: Config): Promise<Answered> {
  const query = new URLSearchParams({ range: formatCidr(cidr) });
  const path = `/v1/why?${query.toString()}`;
  try {
    const why = (await askAgent(config.controlSocket, path)) as WhyView;
    return { why, note: undefined };
  } catch (error) {
    if (!(error instanceof NoAgent)) throw error;
    // Loaded only here: an answer of the agent's is there sooner without it.
    const { withoutAgent } = await import("../why-offline.js");
    const why = await withoutAgent(cidr, config);
    return { why, note: `${error.message}; this is from its ledger` };
  }
}

/** For people: the verdict, then what it rests on. */
export function whyText(why: WhyView): string {
  const parts = [verdictText(why)];
  if (why.bans.length > 0) parts.push(bansTable(why.bans));
  if (why.within.length > 0) {
    const more = why.moreWithin ? "the first of " : "";
    parts.push(`within it, ${more}these are banned:`, bansTable(why.within));
  }
  if (why.hits.length > 0) parts.push(hitsTable(why.hits));
  return parts.join("\n\n");
}

function verdictText(why: WhyView): string {
  const { range, dropped, unknown, bans, protectedBy } = why;
  const protection =
    protectedBy === null ? "" : `; the guard's rule ${protectedBy} protects it`;
  switch (dropped) {
    case "unknown":
      return `${range}: the kernel could not be asked (${unknown ?? "?"})${protection}`;
    case "yes":
      return `${range} is dropped: the kernel says so${bans.length === 0 ? ", though nothing in the ledger covers it" : ""}`;
    case "partly":
      return `${range} is dropped in part${protection}`;
    case "no":
      return wouldBe(why)
        ? `${range} would be dropped: this host observes`
        : `${range} is not dropped: ${reasonToPass(why)}${protection}`;
  }
}

const wouldBe = ({ bans, protectedBy }: WhyView): boolean =>
  protectedBy === null &&
  bans.some(({ state }) => state === "would-be-dropped");

function reasonToPass({ bans, mode, protectedBy }: WhyView): string {
  const enforced = bans.some(({ state }) => state === "enforced");
  if (mode === "observe" && bans.length > 0) return "this host only observes";
  if (enforced && protectedBy === null) {
    return "the ledger has a ban on it, but the kernel does not hold it (see: tourniquet status)";
  }
  if (enforced) return "a ban covers it";
  if (bans.some(({ state }) => state === "observed")) {
    return "its ban is only observed";
  }
  if (bans.some(({ rule }) => rule === RING_WAITS)) {
    return "its ban waits until this host's ring has its turn";
  }
  return bans.length > 0 ? "the guard holds its ban" : "no ban covers it";
}

const bansTable = (bans: readonly CoveringBan[]): string =>
  table(
    ["range", "feed", "state", "since", "until", "reason"],
    bans.map(({ range, feed, state, rule, since, expires, reason, begins }) => [
      range,
      feed,
      rule === null
        ? state.replaceAll("-", " ")
        : `${state} by ${ruleText(rule, begins)}`,
      since === null ? "unknown" : farMoment(since),
      expires === null ? "for good" : shortMoment(expires),
      printable(reason),
    ]),
  );
