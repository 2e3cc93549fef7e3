import { spawn } from "node:child_process";
import { once } from "node:events";
import { messageOf } from "../agent/text/message.js";
import { CommandFailed, type Runner } from "./host.js";

/** Runs real programs, with an environment that has nothing but where they are. */
export const runProgram: Runner = async (command, { input = "" } = {}) => {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
    cwd: "/",
    stdio: "pipe",
  });
  const said = { out: "", err: "" };
  child.stdout
    .setEncoding("utf8")
    .on("data", (text: string) => (said.out += text));
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (said.err += text));
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(input);
  const end = await endOf(command, child);
  if (end === 0) return said.out;
  throw new CommandFailed(command, lastOf(said.err) || lastOf(said.out));
};

async function endOf(
  command: readonly string[],
  child: ReturnType<typeof spawn>,
): Promise<number | null> {
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code;
  } catch (error) {
    throw new CommandFailed(
      command,
      `${command[0] ?? ""} cannot be run: ${messageOf(error)}`,
    );
  }
}

/** A complaint may take several lines; of a very long one its end. */
const lastOf = (text: string): string =>
  text.trim().split("\n").slice(-MOST_LINES).join("\n");

const MOST_LINES = 12;
