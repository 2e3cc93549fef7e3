import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatCidr, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { measure } from "../../service/selftest/measure.js";
import { sayLast } from "../../service/selftest/stage/sandbox.js";
import { Stage } from "../../service/selftest/stage/stage.js";
import type { Subject } from "../../service/selftest/stage/subject.js";
import { Fail2ban } from "./fail2ban.js";

const NOBODY = ["192.0.2.1", "2001:db8:ffff::1"].map(parseCidr);

/** On a stage of its own: fail2ban with one of the actions that it ships. */
await sayLast(async () => {
  const [, , action = "", folder = ""] = process.argv;
  const stage = await Stage.build();
  return measure(stage, await openFail2ban(action, folder));
});

async function openFail2ban(action: string, folder: string): Promise<Subject> {
  const log = join(folder, "auth.log");
  writeFileSync(log, "");
  const fail2ban = await Fail2ban.start(folder, jail(action, log));
  const tell = async (
    verb: "banip" | "unbanip",
    addresses: readonly Cidr[],
  ) => {
    const told = ["set", "sshd", verb, ...addresses.map(formatCidr)];
    if (!(await fail2ban.ask(...told))) {
      throw new Error(`fail2ban-client refuses: ${told.join(" ")}`);
    }
  };
  return {
    name: `fail2ban ${action}`,
    // It makes its sets and rules with the first ban of a family.
    ready: () => tell("banip", NOBODY),
    ban: (addresses) => tell("banip", addresses),
    lift: (addresses) => tell("unbanip", addresses),
  };
}

function jail(action: string, log: string): string {
  return `
[DEFAULT]
dbfile = :memory:
[sshd]
enabled = true
backend = polling
logpath = ${log}
bantime = 3600
banaction = ${action}
ignoreself = false
ignoreip =
`;
}
