import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { THIS_BUILD } from "../../lab/build.js";
import { Lab } from "../../lab/lab.js";
import { output } from "../../lab/run.js";
import type { Case } from "../case.js";
import type { Stage } from "../stage.js";

/** What an agent of version 1 is told where it could read nothing. */
export const version2: readonly Case[] = [
  {
    name: "a cloud whose root needs version 2 refuses the old agent's enrolment, and says why",
    holds: refused,
  },
];

async function refused({ host }: Stage): Promise<void> {
  await using lab = new Lab();
  const cloud = await lab.startCloud({ port: PORT, build: THIS_BUILD });
  const token = await cloud.token("acme");
  const files = {
    config: join(lab.folder, "old.yaml"),
    token: join(lab.folder, "token"),
  };
  const config = {
    stateDir: join(lab.folder, "old"),
    controlSocket: join(lab.folder, "old.sock"),
  };
  writeFileSync(files.config, JSON.stringify(config));
  writeFileSync(files.token, token, { mode: 0o600 });
  const enrol = ["-c", files.config, "enrol", "--token-file", files.token];
  const said = await output([host.build.agent, ...enrol]).then(
    () => "it was enrolled",
    (error: unknown) => (error as Error).message,
  );
  if (!TOO_OLD.test(said)) throw new Error(said);
}

const TOO_OLD =
  /the agent is of version 0\.1\.0, and this cloud's root needs 0\.4\.0 or later: upgrade the agent, then enrol it/;

const PORT = 8_447;
