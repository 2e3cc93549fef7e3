import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../agent/runtime/clock.js";
import { generateKey, type SigningKey } from "../../agent/trust/keys.js";
import { filesOf } from "../../cloud/folder.js";
import type { AgentEnrolled } from "../../cloud/journal/decision-events.js";
import { SqliteDecisions } from "../../cloud/journal/sqlite-decisions.js";
import type { Lab, LabCloud } from "../lab/lab.js";

/** What the process of a crowd is told. */
export interface CrowdSetup {
  readonly url: string;
  /** Their keys as PKCS #8. */
  readonly members: readonly { readonly agent: string; readonly key: string }[];
}

/**
 * So many hosts that are connected, of an org that there is, in a process of their
 * own. They are let in while the cloud stands still, which would take its time.
 */
export async function gather(
  lab: Lab,
  cloud: LabCloud,
  count: number,
): Promise<Disposable> {
  cloud.process?.kill("SIGTERM");
  await cloud.process?.ended;
  const members = Array.from({ length: count }, (_, n) => {
    const agent = `agt-${n.toString(16).padStart(16, "0")}`;
    return { agent, key: generateKey() };
  });
  await letIn(cloud, members);
  await lab.serve(cloud);
  const file = join(lab.folder, "crowd.json");
  const setup: CrowdSetup = {
    url: cloud.url,
    members: members.map(({ agent, key }) => ({ agent, key: key.toPem() })),
  };
  writeFileSync(file, JSON.stringify(setup), { mode: 0o600 });
  return await started(file, cloud);
}

async function letIn(
  { dir }: LabCloud,
  members: readonly { readonly agent: string; readonly key: SigningKey }[],
): Promise<void> {
  using decisions = SqliteDecisions.open(filesOf(dir).decisions, systemClock);
  await decisions.append(
    members.map(({ agent, key }, n): AgentEnrolled => ({
      ...{ kind: "agent-enrolled", agent, org: "acme", tokenHash: `of-${n}` },
      publicKey: Buffer.from(key.publicKey).toString("base64url"),
      ...{ hostname: `simulated-${n}`, system: "simulated", version: "0.6.0" },
    })),
  );
}

async function started(file: string, cloud: LabCloud): Promise<Disposable> {
  const main = fileURLToPath(new URL("./crowd-main.js", import.meta.url));
  const authority = cloud.certificate?.cert;
  const child = spawn(process.execPath, [main, file], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ...(authority && { NODE_EXTRA_CA_CERTS: authority }),
    },
  });
  const lines = createInterface(child.stdout);
  await Promise.race([once(lines, "line"), failed(child)]);
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

async function failed(child: ReturnType<typeof spawn>): Promise<never> {
  await once(child, "exit");
  throw new Error("the crowd is gone before it was there");
}
