import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { formatCidr, type Cidr } from "../../../agent/model/cidr.js";
import { ipset, nft } from "../peers.js";

/** Rules that drop what is banned; their sets stay loaded when they are off. */
export interface Contestant {
  readonly name: string;
  on(): void;
  off(): void;
  clear(): void;
}

/** What all others are compared with: only the drop that ends every packet. */
export const noRules: Contestant = {
  name: "no rules",
  on: () => undefined,
  off: () => undefined,
  clear: () => undefined,
};

/** A table that is there already; a dormant one sees no packets. */
export const table = (name: string): Contestant => ({
  name,
  on: () => run(`nft add table inet ${name}`),
  off: () => run(`nft 'add table inet ${name} { flags dormant; }'`),
  clear: () => run(`nft delete table inet ${name}`),
});

/** `hash:ip` and `hash:net` with timeouts, matched by iptables in raw/PREROUTING. */
export function ipsetRules(
  cidrs: readonly Cidr[],
  folder: string,
): Contestant | undefined {
  if (absence() !== undefined) return undefined;
  ipset.clear();
  ipset.load(ipset.prepare(cidrs, folder));
  const rules = [4, 6].flatMap((family) =>
    ["one", "net"].map(
      (set) =>
        `ip${family === 6 ? "6" : ""}tables -t raw -A PREROUTING -m set --match-set ${set}${family} src -j DROP`,
    ),
  );
  return {
    name: "ipset hash:ip + hash:net",
    on: () => run(rules.join("\n")),
    off: () => run("nft delete table ip raw\nnft delete table ip6 raw"),
    clear: () => ipset.clear(),
  };
}

/** Why ipset cannot be measured, if it cannot. */
export function absence(): string | undefined {
  if (ipset.absent !== undefined) return ipset.absent;
  try {
    run("iptables --version | grep -q nf_tables");
    return undefined;
  } catch {
    return "iptables (nf_tables) is not installed";
  }
}

/** One interval set for each family, without timeouts, which is its best case. */
export function intervalSet(
  cidrs: readonly Cidr[],
  folder: string,
): Contestant | undefined {
  if (nft.absent !== undefined) return undefined;
  const file = join(folder, "interval.nft");
  const elements = ([4, 6] as const).flatMap((family) => {
    const own = cidrs.filter((cidr) => cidr.family === family);
    const members = own.map(formatCidr).join(", ");
    return own.length > 0
      ? [`add element inet peer net${family} { ${members} }`]
      : [];
  });
  const lines = [
    "table inet peer {",
    "set net4 { type ipv4_addr; flags interval; auto-merge; }",
    "set net6 { type ipv6_addr; flags interval; auto-merge; }",
    "chain prerouting {",
    "type filter hook prerouting priority -310; policy accept;",
    "ip saddr @net4 drop",
    "ip6 saddr @net6 drop",
    "}",
    "}",
  ];
  writeFileSync(file, `${[...lines, ...elements].join("\n")}\n`);
  run(`nft -f ${file}`);
  return { ...table("peer"), name: "nft interval set" };
}

/** Runs shell commands in this namespace. */
export function run(commands: string): void {
  execFileSync("bash", ["-ec", commands], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}
