import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Stage } from "./stage.js";

/** Opens a shell on the stage, with the programs at hand, until it is left. */
export async function keepRunning(stage: Stage): Promise<void> {
  const { lab, cloud, host, attacker, teller } = stage;
  await lab.serve(cloud);
  const bin = join(lab.folder, "bin");
  mkdirSync(bin);
  const dist = join(dirname(fileURLToPath(import.meta.url)), "../..");
  const node = process.execPath;
  script(
    bin,
    "tourniquet",
    `${node} ${dist}/service/main.js -c ${host.config} "$@"`,
  );
  script(
    bin,
    "tourniquet-cloud",
    `TOURNIQUET_CLOUD_DIR=${cloud.dir} ${node} ${dist}/cloud/main.js "$@"`,
  );
  script(bin, "attacker", `nsenter --target ${attacker.pid} --net -- "$@"`);

  teller.scene(
    "Play with it: a shell inside the host's namespace; exit ends all",
  );
  teller.say("tourniquet status                      what the host enforces");
  teller.say(
    "tourniquet-cloud ban 10.66.0.66      ban the attacker, lift it with lift",
  );
  teller.say("tourniquet-cloud agents                who is connected");
  teller.say("attacker ping -c 3 198.51.100.10       attack");
  teller.say(
    "nft list ruleset                       what the kernel holds, if nft is there",
  );
  const shell = spawn("bash", ["--norc"], {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      PS1: "demo# ",
    },
  });
  await new Promise((resolve) => shell.once("close", resolve));
}

function script(folder: string, name: string, command: string): void {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!/bin/sh\n${command.replace(/^(\S+=\S+ )?/, "exec env $1")}\n`,
  );
  chmodSync(path, 0o755);
}
