import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

const MAIN = resolve("dist/cloud/main.js");

/** Runs `tourniquet-cloud` to its end. */
export async function command(...args: string[]) {
  const child = start(args);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "exit") as Promise<[number]>,
  ]);
  return { code, out, err };
}

/**
 * A cloud that listens, in its own process.
 * @param by what starts it, such as `prlimit` with its options
 * @param more options of its own
 */
export async function serve(
  dir: string,
  by: readonly string[] = [],
  more: readonly string[] = [],
) {
  const child = start(["serve", "--dir", dir, ...more], by);
  const exited = once(child, "exit") as Promise<[number]>;
  await once(child.stdout!, "data");
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill("SIGTERM");
      return (await exited)[0];
    },
    /** As a power cut would, but for what the kernel has in its buffers. */
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function start(
  args: readonly string[],
  by: readonly string[] = [],
): ChildProcess {
  const [program = "", ...rest] = [...by, process.execPath, MAIN, ...args];
  return spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
