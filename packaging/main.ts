import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Failure, exitCodes, failed, misused } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";
import { build, type Order } from "./build.js";
import { publish } from "./repository.js";
import { run } from "./run.js";
import { targets, type Architecture } from "./target.js";

const TREE = join(dirname(fileURLToPath(import.meta.url)), "../..");
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** The process: arguments in, files and an exit code out. */
try {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: join(TREE, ".cache/package/out") },
      twice: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      arch: { type: "string", default: "amd64" },
      repo: { type: "string" },
      key: { type: "string" },
    },
  });
  const { repo, key } = values;
  if ((repo === undefined) !== (key === undefined)) {
    throw misused("--repo FOLDER and --key NAME go together");
  }
  const to = resolve(values.out);
  const cache = join(TREE, ".cache/package");
  const architecture = architectureOf(values.arch);
  const order = { tree: TREE, quick: values.quick, architecture };
  const files = build({ ...order, cache, to, say });
  for (const path of files) say(`${path}: ${statSync(path).size} bytes`);
  if (values.twice) makeAnew(files, order);
  if (repo !== undefined && key !== undefined) {
    const packages = files.filter((path) => path.endsWith(".deb"));
    const publicKey = publish(packages, { folder: resolve(repo), key });
    say(`published in ${repo}; its key: ${publicKey}`);
  }
} catch (error) {
  process.stderr.write(`package: ${messageOf(error)}\n`);
  process.exitCode =
    error instanceof Failure ? error.exitCode : exitCodes.failed;
}

function architectureOf(text: string): Architecture {
  const known = Object.keys(targets) as Architecture[];
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw misused(`--arch "${text}" is none of ${known.join(", ")}`);
}

/**
 * Makes all of it once more from nothing, in another place: fetched, compiled
 * and packed.
 * @throws Failure where a byte is another one
 */
function makeAnew(
  files: readonly string[],
  order: Pick<Order, "tree" | "quick" | "architecture">,
): void {
  const elsewhere = mkdtempSync(join(tmpdir(), "tourniquet-anew-"));
  try {
    const [cache, to] = [join(elsewhere, "cache"), join(elsewhere, "out")];
    const again = build({ ...order, cache, to, say: () => undefined });
    const whole = files.every((path, which) => {
      const other = again[which];
      return other && readFileSync(path).equals(readFileSync(other));
    });
    if (!whole) {
      const [differs] = differences(files[0] ?? "", again[0] ?? "");
      throw failed(`made anew it is another; first: ${differs ?? "control"}`);
    }
    say("made anew from nothing, it is the same, byte for byte");
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

/** Lines that the packages' sums of their files do not share. */
function differences(one: string, other: string): readonly string[] {
  const sumsOf = (deb: string) =>
    run(["dpkg-deb", "--info", deb, "md5sums"]).split("\n");
  const known = new Set(sumsOf(one));
  return sumsOf(other).filter((line) => !known.has(line));
}
