import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { release } from "node:os";
import type { Config } from "../../../agent/config/config.js";
import { CannotEnforce } from "../../../agent/enforce/enforcer.js";
import { pickEnforcer } from "../../../agent/enforce/pick.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import { EARLIEST } from "../../../agent/uplink/unreachable.js";
import { messageOf } from "../../../agent/text/message.js";
import { good, wrong, type Check } from "./check.js";

/** Whether this kernel takes bans from this process, tried on the kernel itself. */
export async function kernelCheck({
  enforce: { backend },
}: Pick<Config, "enforce">): Promise<Check> {
  const name = `kernel ${release()}`;
  if (backend === "dry-run") {
    return wrong("warning", "kernel", [
      `${name} is not asked: enforce.backend is dry-run`,
      "nothing is dropped on this host",
      "set enforce.backend to nftables, and restart the agent",
    ]);
  }
  const { platform } = process;
  try {
    const chosen = { backend, platform, clock: systemBanClock };
    await using enforcer = await pickEnforcer(chosen);
    const { at } = await enforcer.read();
    return good("kernel", `${name} takes nftables; our table is ${at}`);
  } catch (error) {
    if (error instanceof CannotEnforce) return cannotEnforce(name, error);
    return wrong("bad", "kernel", [
      `${name} could not be asked: ${messageOf(error)}`,
      "whether bans are in force can't be seen",
      "see the agent's log: journalctl -u tourniquet",
    ]);
  }
}

function cannotEnforce(name: string, { missing }: CannotEnforce): Check {
  const lacksRights = missing.includes("CAP_NET_ADMIN");
  return wrong(lacksRights ? "unknown" : "bad", "kernel", [
    `${name} was not asked, or refuses: ${missing}`,
    lacksRights
      ? "the agent's own rights are what counts; those of this user are less"
      : "no ban can be in force on this host",
    lacksRights
      ? "run it with sudo: sudo tourniquet doctor"
      : "load nf_tables (modprobe nf_tables), or use a newer kernel",
  ]);
}

/** A clock that stands in 1970 believes no certificate. */
export function clockCheck(now: number): Check {
  const date = new Date(now).toISOString();
  if (now >= EARLIEST) return good("clock", `it says ${date}`);
  return wrong("bad", "clock", [
    `it says ${date}`,
    "no certificate is valid then, so the cloud is not believed; bans expire by the time that the ledger knew last",
    "set it: timedatectl set-ntp true",
  ]);
}

export function diskCheck({ stateDir }: Pick<Config, "stateDir">): Check {
  if (!existsSync(stateDir)) {
    return wrong("bad", "disk", [
      `there is no state folder ${stateDir}`,
      "this host was never enrolled, or its bans are lost",
      "enrol it: tourniquet enrol --token-file FILE",
    ]);
  }
  const { bavail, bsize } = statfsSync(stateDir);
  const megabytes = Math.floor((bavail * bsize) / 1e6);
  const found = `${megabytes.toLocaleString("en-US")} MB free below ${stateDir}`;
  if (megabytes >= ENOUGH_MB) return good("disk", found);
  return wrong(megabytes < LEAST_MB ? "bad" : "warning", "disk", [
    found,
    "once it is full, new bans are refused; those in force stay",
    "make room on that file system",
  ]);
}

const ENOUGH_MB = 500;
const LEAST_MB = 50;

/** Who else writes rules here. */
export function firewallCheck(root = "/"): Check {
  const running = namesOfProcesses(`${root}proc`);
  const others = [
    ...KNOWN.filter(([process]) => running.has(process)).map(([, it]) => it),
    ...(textOf(`${root}etc/ufw/ufw.conf`).includes("ENABLED=yes")
      ? ["ufw"]
      : []),
    ...(textOf(`${root}proc/net/ip_tables_names`).trim() === ""
      ? []
      : ["iptables (legacy)"]),
  ];
  const found = others.length === 0 ? "no other tool" : others.join(", ");
  const flushes =
    existsSync(`${root}${ENABLED}`) &&
    /^\s*flush ruleset/m.test(textOf(`${root}etc/nftables.conf`));
  if (!flushes) return good("firewalls", found);
  return wrong("warning", "firewalls", [
    `${found}; /etc/nftables.conf flushes the whole ruleset`,
    "each reload of nftables.service takes the bans away until the agent has put them back",
    "name your own tables there in place of: flush ruleset",
  ]);
}

const ENABLED = "etc/systemd/system/sysinit.target.wants/nftables.service";

/** As the kernel shortens their names. */
const KNOWN: readonly (readonly [string, string])[] = [
  ["firewalld", "firewalld"],
  ["fail2ban-server", "fail2ban"],
  ["crowdsec", "crowdsec"],
  ["crowdsec-firewa", "crowdsec's firewall bouncer"],
  ["dockerd", "Docker"],
  ["kube-proxy", "kube-proxy"],
];

function namesOfProcesses(proc: string): ReadonlySet<string> {
  const names = new Set<string>();
  if (!existsSync(proc)) return names;
  for (const entry of readdirSync(proc)) {
    if (/^\d+$/.test(entry)) names.add(textOf(`${proc}/${entry}/comm`).trim());
  }
  return names;
}

/** What is not there, or not for this user, says nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
