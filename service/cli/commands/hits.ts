import type { Command } from "commander";
import type { Config } from "../../../agent/config/config.js";
import { printable } from "../../../agent/log/printable.js";
import { numberText } from "../../../agent/text/count.js";
import { misused } from "../../../agent/text/failure.js";
import { askAgent } from "../../control/client.js";
import type {
  CallerView,
  HitView,
  TotalsView,
} from "../../control/hits-view.js";
import { table } from "../../terminal/table.js";

interface HitsOptions {
  readonly limit: string;
  readonly out?: boolean;
  readonly json?: boolean;
}

/** `tourniquet hits`: whose packets bans stopped, and who here called them. */
export function hitsCommand(program: Command, config: () => Config): void {
  program
    .command("hits")
    .description("list whose packets the bans stop, those with the most first")
    .option("--out", "only what this host sent, and which process")
    .option("--limit <n>", "at most so many", "50")
    .option("--json", "print one JSON object a line")
    .action(async ({ limit, out, json }: HitsOptions) => {
      const most = Number(limit);
      if (!Number.isInteger(most) || most < 1 || most > MOST) {
        throw misused(`--limit "${limit}" is not from 1 to ${MOST}`);
      }
      const query = new URLSearchParams({ limit: String(most + 1) });
      if (out) query.set("out", "");
      const path = `/v1/hits?${query.toString()}`;
      const { controlSocket } = config();
      const found = (await askAgent(controlSocket, path)) as readonly HitView[];
      const hits = found.slice(0, most);
      if (json) {
        for (const hit of hits)
          process.stdout.write(`${JSON.stringify(hit)}\n`);
        return;
      }
      const totals = await askAgent(controlSocket, "/v1/totals");
      const sums = totalsText(totals as TotalsView);
      process.stdout.write(`${hitsTable(hits)}\n${sums}\n`);
      if (found.length <= most) return;
      process.stdout.write(
        `\nthe first ${numberText(most)}; --limit N for more\n`,
      );
    });
}

/** One row a counter. */
export function hitsTable(hits: readonly HitView[]): string {
  if (hits.length === 0) return "none";
  return table(
    ["address", "path", "protocol", "port", "packets", "bytes", "what", "by"],
    hits.map((hit) => [
      hit.remote,
      `${hit.forwarded ? "forward " : ""}${hit.direction}`,
      hit.protocol,
      hit.port === 0 ? "" : String(hit.port),
      String(hit.packets),
      String(hit.bytes),
      hit.observed ? "observed" : "dropped",
      hit.callers.map((each) => callerText(each, hit.port)).join("; "),
    ]),
  );
}

/** What is dropped but not listed is in here. */
export function totalsText({ dropped, observed }: TotalsView): string {
  const seen = `${observed.packets} packets observed (${observed.bytes} bytes)`;
  return `in all, listed or not: ${dropped.packets} packets dropped (${dropped.bytes} bytes), ${seen}`;
}

/** "curl[812] backup.service 4f0c1de3a5b6 uid 1000", as far as it is known. */
function callerText(caller: CallerView, told: number): string {
  const { process, pid, unit, container, uid, port } = caller;
  const words = [
    process === null ? "" : `${process}[${pid ?? "?"}]`,
    unit ?? "",
    container === null ? "" : `container ${container}`,
    uid === null ? "" : `uid ${uid}`,
    port === told ? "" : `to port ${port}`,
  ].filter((word) => word !== "");
  return words.length === 0 ? "not found" : printable(words.join(" "));
}

const MOST = 10_000;
