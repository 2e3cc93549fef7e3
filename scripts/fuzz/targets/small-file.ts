import { placeOfProcess } from "../../../agent/attribution/cgroup-path.js";
import { loginIn, loginsIn } from "../../../agent/host/logins.js";
import {
  resolversIn,
  serverInMessage,
  serversInAssignments,
  serversInDhclient,
} from "../../../agent/host/named.js";
import type { Named } from "../../../agent/host/small-files.js";
import { formatCidr, isMapped, parseCidr } from "../../../agent/model/cidr.js";
import { texts } from "../corpus.js";
import { Broken, type Read, type Target } from "../target.js";

export const target: Target = {
  name: "small-file",
  corpus: [
    ...texts(
      "# by hand\nsearch example.com\nnameserver 192.0.2.53\n  nameserver\t2001:db8::53\nnameserver fe80::1%eth0\n",
      "# This is private data. Do not parse.\nADDRESS=192.0.2.10\nSERVER_ADDRESS=192.0.2.67\nROUTER=192.0.2.1\n",
      'lease {\n  interface "eth0";\n  fixed-address 192.0.2.10;\n  option dhcp-server-identifier 192.0.2.67;\n}\n',
      "REMOTE=1\nSERVICE=sshd\nREMOTE_HOST=192.0.2.22\nTYPE=tty\n",
      "0::/system.slice/ssh.service\n",
      `12:cpu:/docker/${"ab".repeat(32)}\n1:name=systemd:/machine.slice/machine-a.scope\n`,
    ),
    lease(),
    Buffer.concat([record(32), record(128)]),
  ],
  readers: {
    resolvers: addresses(resolversIn, 16),
    networkd: addresses(serversInAssignments, 16),
    dhclient: addresses(serversInDhclient, 16),
    dhcpcd: addresses(serverInMessage, 1),
    login: addresses(loginIn, 1),
    logins: addresses(
      loginsIn(() => true),
      170,
    ),
    cgroup: (bytes) => {
      const { unit, container } = placeOfProcess(bytes.toString("utf8"));
      return [unit && "unit", container && "container"].filter(Boolean).join();
    },
  },
  layers: [],
  words: [
    ...["nameserver ", "SERVER_ADDRESS=", "option dhcp-server-identifier "],
    ...["REMOTE=1", "REMOTE_HOST=", "SERVICE=sshd", "\noption ", "; ", "%eth0"],
    ...[
      "::ffff:192.0.2.1",
      "::1",
      "0.0.0.0",
      "1.2.3.4",
      "1.2.3.256",
      "fe80::1",
    ],
    ...[
      "0::/",
      "docker-",
      ".scope",
      ".service",
      "lxc.payload.",
      "machine-",
      "/",
    ],
  ],
  refusals: [],
  mostBytes: 64 * 1024,
  mostMemory: 64 * 1024 * 1024,
  mostCpuMs: 250,
};

function addresses(parse: (bytes: Buffer) => Named, most: number): Read {
  return (bytes) => {
    const { cidrs, problem } = parse(bytes);
    const names = new Set(cidrs.map(formatCidr));
    if (names.size !== cidrs.length || names.size > most) {
      throw new Broken("addresses", `${cidrs.length} of ${names.size}`);
    }
    for (const cidr of cidrs) {
      if (isMapped(cidr)) continue; // has no text that is read back
      const isSingle = cidr.prefix === cidr.address.length * 8;
      if (!isSingle || formatCidr(parseCidr(formatCidr(cidr))) === "") {
        throw new Broken("addresses", formatCidr(cidr));
      }
    }
    if ((problem ?? "").length > 200) throw new Broken("brief", problem!);
    const families = new Set(cidrs.map(({ family }) => `IPv${family}`));
    const found = [...families].sort().join(" and ") || "nobody";
    return problem === undefined ? found : `${found}, and a problem`;
  };
}

/** A DHCP message with a server identifier, as dhcpcd keeps it. */
function lease(): Buffer {
  const options = Buffer.from("63825363350105003604c0000243ff", "hex");
  return Buffer.concat([Buffer.alloc(236), options]);
}

/** A login as utmp keeps it, on most machines. */
function record(bits: 32 | 128): Buffer {
  const bytes = Buffer.alloc(384);
  bytes.writeUInt16LE(7);
  bytes.writeUInt32LE(812, 4);
  bytes.fill(0xc6, 348, 348 + bits / 8);
  return bytes;
}
