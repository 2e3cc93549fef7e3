import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../../agent/text/message.js";

/** A module to run, and with what arguments. */
export interface Program {
  readonly module: URL;
  readonly args: readonly string[];
}

/** What a program in a sandbox says with its last word, as one line of JSON. */
export type LastWord<T> = { readonly is: T } | { readonly failed: string };

/** This machine lets us make no namespaces; the message says what is missing. */
export class NoSandbox extends Error {
  override readonly name = "NoSandbox";
}

/**
 * Runs a program where it may do to the network as it likes: in namespaces of
 * its own, which end with it, and it with this process or the signal.
 * @throws NoSandbox, or Error with what the program failed of
 */
export async function inSandbox<T>(
  { module, args }: Program,
  stop: AbortSignal,
): Promise<T> {
  const [unshare = "", ...how] = wayIn();
  const node = [process.execPath, ...process.execArgv, fileURLToPath(module)];
  const child = spawn(unshare, [...how, "--", ...node, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  using _ending = endOn(stop, child);
  const ended = once(child, "exit");
  let last = "";
  for await (const line of createInterface(child.stdout)) last = line;
  await ended;
  if (stop.aborted) throw new Error("interrupted, and cleared away");
  if (last === "") throw new Error("it died, or took longer than a minute");
  const word = JSON.parse(last) as LastWord<T>;
  if ("failed" in word) throw new Error(word.failed);
  return word.is;
}

/** Runs what `inSandbox` was told to, and says how it ended. */
export async function sayLast<T>(task: () => Promise<T>): Promise<void> {
  // Whoever started us may be killed: then nobody waits for an answer.
  process.stdin.on("end", () => process.exit()).resume();
  const word: LastWord<T> = await task().then(
    (is) => ({ is }),
    (error: unknown) => ({
      failed: messageOf(error),
    }),
  );
  process.stdout.write(`${JSON.stringify(word)}\n`, () => process.exit());
}

/** `unshare`, as root or as the root of a user namespace of our own. */
function wayIn(): readonly string[] {
  const isRoot = process.getuid?.() === 0;
  const mapped = ["--map-root-user", ...PRIVATE];
  const complaints: string[] = [];
  for (const how of isRoot ? [PRIVATE, mapped] : [mapped]) {
    const { error, status, stderr } = spawnSync("unshare", [...how, "true"]);
    if (error) throw new NoSandbox(`unshare, of util-linux: ${error.message}`);
    if (status === 0) return ["unshare", ...how];
    complaints.push(String(stderr).trim());
  }
  const advice = isRoot ? "" : "; run it as root";
  throw new NoSandbox(
    `this machine allows no namespaces (${complaints.join("; ")})${advice}`,
  );
}

/** With `--kill-child`, all that runs inside dies with `unshare`. */
const PRIVATE = [
  ...["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
];

function endOn(stop: AbortSignal, child: ChildProcess): Disposable {
  // `unshare` waits for its child and leaves other signals to it.
  const end = () => child.kill("SIGKILL");
  stop.addEventListener("abort", end);
  const late = setTimeout(end, MOST_MS);
  if (stop.aborted) end();
  return {
    [Symbol.dispose]: () => {
      clearTimeout(late);
      stop.removeEventListener("abort", end);
    },
  };
}

const MOST_MS = 60_000;
