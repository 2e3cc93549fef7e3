import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../lab/run.js";

/** fail2ban as its package ships it, but for one jail; all its files are here. */
export class Fail2ban {
  readonly #options: readonly string[];

  private constructor(
    options: readonly string[],
    readonly process: ChildProcess,
  ) {
    this.#options = options;
  }

  /** Starts it with `jail`, a configuration that begins with [DEFAULT]. */
  static async start(folder: string, jail: string): Promise<Fail2ban> {
    const config = join(folder, "fail2ban");
    cpSync("/etc/fail2ban", config, { recursive: true });
    mkdirSync(join(config, "jail.d"), { recursive: true });
    writeFileSync(join(config, "jail.d", "zz-bench.conf"), jail);
    const socket = join(folder, "fail2ban.sock");
    const options = ["-c", config, "-s", socket];
    const server = await running("fail2ban-server", [
      ...["-f", ...options, "-p", join(folder, "fail2ban.pid")],
      ...["--loglevel", "ERROR", "--logtarget", join(folder, "fail2ban.log")],
      "start",
    ]);
    const fail2ban = new Fail2ban(options, server);
    await until("fail2ban watches", async () =>
      (await fail2ban.ask("status", "sshd")) ? true : undefined,
    );
    return fail2ban;
  }

  /** Runs `fail2ban-client` to its end; whether it says that all went well. */
  async ask(...command: readonly string[]): Promise<boolean> {
    const args = [...this.#options, ...command];
    const client = spawn("fail2ban-client", args, { stdio: "ignore" });
    const [code] = (await once(client, "exit")) as [number | null];
    return code === 0;
  }
}

/** Undefined when it can be measured, else why not. */
export const noFail2ban = absence("fail2ban-server", ["--version"]);

/** Starts a program in a process group of its own. */
export async function running(
  command: string,
  args: readonly string[],
): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  await once(child, "spawn");
  return child;
}

/** Says that a program is absent; undefined when it is there. */
export function absence(
  command: string,
  args: readonly string[],
): string | undefined {
  const { error } = spawnSync(command, args);
  return error === undefined ? undefined : `${command} is not installed`;
}
