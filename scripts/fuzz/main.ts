import { parseArgs } from "node:util";
import { asText } from "./report.js";
import { supervise } from "./supervise.js";

/** What can be fuzzed, and what of it. */
export const targets: Readonly<Record<string, string>> = {
  frame: "control messages, and the documents that are signed in them",
  segment: "segments: container, header, deflated body, ops",
  beat: "beats: time, signatures, and of which state they are",
  snapshot: "snapshots: container, header, groups of bans",
  bundle: "bundles that are carried by hand: their frame, their end",
  root: "signed texts: roots, the next root, heads, states",
  token: "enrolment tokens, requests and answers, new keys",
  list: "block lists in all formats",
  log: "log lines and journal entries of sshd",
  netlink: "what the kernel says: messages, attributes, packets",
  query: "queries of lists: read, printed, explained, completed",
  "small-file": "resolv.conf, leases, logins and control groups",
};

/** `NAME --seconds N [--seed S] [--json]`: fuzzes until the time is over. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [name = ""] = positionals;
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
const isOrder =
  name in targets && seconds > 0 && Number.isSafeInteger(seed) && !values.help;

if (isOrder) {
  const module = new URL(`targets/${name}.js`, import.meta.url).href;
  const report = await supervise({ module, seconds, seed });
  process.stdout.write(`${asText({ ...report, target: name })}\n`);
  if (values.json) {
    const finding = report.finding && {
      ...report.finding,
      bytes: report.finding.bytes.toString("base64"),
    };
    process.stdout.write(
      `${JSON.stringify({ ...report, target: name, finding })}\n`,
    );
  }
  process.exitCode = report.finding === undefined ? 0 : 1;
} else {
  const names = Object.entries(targets).map(
    ([each, what]) => `  ${each.padEnd(12)}${what}\n`,
  );
  const usage = "npm run fuzz -- NAME [--seconds N] [--seed S] [--json]";
  process.stderr.write(`usage: ${usage}\nNAME is one of\n${names.join("")}`);
  process.exitCode = values.help ? 0 : 2;
}
