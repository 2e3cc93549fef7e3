import { arch, endianness } from "node:os";
import {
  cidrOf,
  formatCidr,
  parseListedCidr,
  type Cidr,
} from "../model/cidr.js";
import { addressesOf } from "./named.js";
import type { Named } from "./small-files.js";

/** Where a session of systemd-logind's came from, if from afar and not over. */
export function loginIn(bytes: Buffer): Named {
  const text = bytes.toString("latin1");
  const isRemote = /^REMOTE=1$/m.test(text) && /^SERVICE=sshd$/m.test(text);
  // What a user left running keeps a session open that nobody is in any more.
  const isOver = /^STATE=closing$/m.test(text);
  const host = /^REMOTE_HOST=(.*)$/m.exec(text)?.[1]?.trim();
  if (!isRemote || isOver || host === undefined) return NOBODY;
  // sshd may be set to tell names, which nobody looks up here.
  return { cidrs: addressesOf([host]).cidrs.map(unmapped), problem: undefined };
}

/**
 * Where the users of utmp(5) came from. Programs of users may add records of
 * their own, so one counts only while its process is sshd's.
 */
export const loginsIn =
  (isSshd: (pid: number) => boolean) =>
  (bytes: Buffer): Named => {
    const { size, addressAt } = RECORD;
    const found = new Map<string, Cidr>();
    for (let at = 0; at + size <= bytes.length; at += size) {
      const record = bytes.subarray(at, at + size);
      if (hostNumber(record, 0, 2) !== USER_PROCESS) continue;
      const address = record.subarray(addressAt, addressAt + 16);
      if (address.every((byte) => byte === 0)) continue;
      if (!isSshd(hostNumber(record, 4, 4))) continue;
      const cidr = addressIn(address);
      found.set(formatCidr(cidr), cidr);
    }
    return { cidrs: [...found.values()], problem: undefined };
  };

/** IPv4 stands in the first four bytes, and the rest is zero. */
function addressIn(bytes: Buffer): Cidr {
  const isIpv4 = bytes.subarray(4).every((byte) => byte === 0);
  const address = Uint8Array.from(isIpv4 ? bytes.subarray(0, 4) : bytes);
  return unmapped(cidrOf(address, address.length * 8));
}

/** IPv4 in IPv6 clothes is IPv4. */
const unmapped = (cidr: Cidr): Cidr => parseListedCidr(formatCidr(cidr));

const hostNumber = (bytes: Buffer, at: number, width: 2 | 4): number =>
  endianness() === "LE"
    ? bytes.readUIntLE(at, width)
    : bytes.readUIntBE(at, width);

const NOBODY: Named = { cidrs: [], problem: undefined };

const USER_PROCESS = 7;

/**
 * struct utmp of glibc: where it keeps times as on 32 bits, and on ARM's 64,
 * where it does not (bits/utmp.h, bits/wordsize.h).
 */
const RECORD =
  arch() === "arm64"
    ? { size: 400, addressAt: 360 }
    : { size: 384, addressAt: 348 };
