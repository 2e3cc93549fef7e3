import { answers, ATTACKER } from "./network.js";
import type { Stage } from "./stage.js";

/** Settings are read anew under systemd, or refused as a whole. */
export async function reloading({ machine, teller }: Stage): Promise<void> {
  teller.scene("Read anew");
  const pid = await pidOf(machine);
  await settle(machine, "guard:\n  allow: [203.0.113.200]\n");
  const reloaded = await machine.run(RELOAD);
  teller.check(
    `systemctl reload ends well ${reloaded.complaint}`.trim(),
    reloaded.code === 0,
  );
  const held = await machine.run("tourniquet ban 203.0.113.200");
  teller.check(
    "what is allowed since then can't be banned",
    held.code === 1 && /the guard's rule/.test(held.complaint),
  );
  await settle(machine, "guard:\n  alow: [203.0.113.201]\n");
  const refused = await machine.run(RELOAD);
  const log = await machine.must(
    "journalctl --no-pager --output=cat -u tourniquet.service",
  );
  teller.check(
    "with an unknown name it fails, and the journal says which was meant",
    refused.code !== 0 && /did you mean guard\.allow\?/.test(log),
  );
  // The command reads the same files: without them it asks the daemon's mind alone.
  await machine.must(`rm -r ${FOLDER}`);
  const still = await machine.run("tourniquet ban 203.0.113.200");
  teller.check(
    "what was allowed before still is",
    still.code === 1 && /the guard's rule/.test(still.complaint),
  );
  teller.check("the attacker is dropped all along", !(await answers(ATTACKER)));
  await machine.must(RELOAD);
  teller.check(
    "the daemon was not restarted for any of it",
    (await pidOf(machine)) === pid,
  );
}

const RELOAD = "systemctl reload tourniquet.service";
const FOLDER = "/etc/tourniquet/conf.d";

const pidOf = (machine: Stage["machine"]): Promise<string> =>
  machine.must("systemctl show --property MainPID --value tourniquet.service");

const settle = (machine: Stage["machine"], text: string): Promise<string> =>
  machine.must(
    `install -d ${FOLDER} && printf '%b' '${text.replaceAll("\n", "\\n")}' > ${FOLDER}/50-lab.yaml`,
  );
