import { isIPv6 } from "node:net";

/** The smallest that one party has: an IPv4 address, or an IPv6 /64. */
export const placeOf = (address: string): string => partOf(address, 4, 4);

/** What one party may easily have all of: an IPv4 /24, or an IPv6 /48. */
export const networkOf = (address: string): string => partOf(address, 3, 3);

/** The first bytes of an IPv4 address, or the first groups of an IPv6 one. */
function partOf(address: string, bytes: number, groups: number): string {
  const [bare = ""] = address.split("%");
  if (!isIPv6(bare)) return bare.split(".").slice(0, bytes).join(".");
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? [];
  if (mapped !== undefined) return partOf(mapped, bytes, groups);
  const [head = "", tail] = bare.split("::");
  const leading = head === "" ? [] : head.split(":");
  const trailing = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - leading.length - trailing.length).fill("0");
  const all = tail === undefined ? leading : [...leading, ...zeros];
  return [...all, ...trailing].slice(0, groups).join(":");
}
