import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readDocument } from "./document.js";
import { Report, type Held } from "./report.js";
import { fuzz } from "./run.js";
import { Stage } from "./stage.js";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "24000" },
    seconds: { type: "string", default: "360" },
    /** Of each operation: fewer tell too little, however slow the machine is. */
    each: { type: "string", default: "40" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    only: { type: "string", default: "" },
    /** What came of the document's linting: "ok", or else. */
    lint: { type: "string", default: "" },
    /** Another program that reads the document, and where it lies. */
    schemathesis: { type: "string", default: "" },
  },
});
/** What else it looks for, such as odd headers' refusals, is not promised. */
const CHECKS = [
  ...["not_a_server_error", "status_code_conformance"],
  ...["content_type_conformance", "response_schema_conformance"],
];

const bounds = {
  requests: Number(values.requests),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
};
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const all: Held[] = [];
const count = (what: string, holds: boolean): void => {
  say(`${holds ? "ok" : "FAILED"}  ${what}`);
  all.push({ what, holds });
};

const operations = readDocument("docs/openapi.json").filter(({ operationId }) =>
  operationId.includes(values.only),
);
say(`${operations.length} operations, --seed ${bounds.seed}`);
if (values.lint !== "") count("the document's lint", values.lint === "ok");

await using stage = await Stage.open();
const report = new Report(operations);
const begun = performance.now();
await fuzz(stage, report, bounds);
const { lines, held } = report.told(Number(values.each));
lines.forEach(say);
const took = ((performance.now() - begun) / 1_000).toFixed(0);
say(`${report.requests} requests in ${took} s`);
for (const { what, holds } of held) count(what, holds);
if (values.schemathesis !== "") {
  count("schemathesis", await holds(values.schemathesis));
}
const failed = all.filter(({ holds }) => !holds);
for (const { what } of failed) say(`FAILED  ${what}`);
say(`${all.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs schemathesis against the same cloud, as an admin of the vendor. */
async function holds(program: string): Promise<boolean> {
  const child = spawn(
    program,
    [
      ...["run", resolve("docs/openapi.json"), "--url", `${stage.url}/api/v1`],
      ...["-H", `Authorization: Bearer ${stage.tokenOf("vendor admin")}`],
      ...["--phases", "examples,coverage,fuzzing", "--max-time", "90"],
      ...["--checks", CHECKS.join(), "--rate-limit", "90/s"],
      ...["--seed", String(bounds.seed), "--warnings", "off"],
      ...["--generation-database", "none"],
    ],
    { stdio: "inherit", cwd: stage.folder },
  );
  const [code] = (await once(child, "close")) as [number | null];
  return code === 0;
}
