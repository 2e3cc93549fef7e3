import { bits, covers, overlaps, type Cidr } from "../model/cidr.js";
import {
  embeddedIn,
  isAround,
  LOCAL_USE,
  through,
  WELL_KNOWN,
  type Translators,
} from "../model/translators.js";
import type { GuardPolicy } from "./facts.js";

type Known = Pick<GuardPolicy, "translators">;

/** The IPv4 range that this host reaches by an IPv6 range. */
export const behindTranslator = (cidr: Cidr, known: Known): Cidr | undefined =>
  cidr.family === 6 ? embeddedIn(cidr, all(known)) : undefined;

/** By what hosts behind translators reach a range, should it be of IPv4. */
export const throughTranslators = (cidr: Cidr, known: Known): Cidr[] =>
  cidr.family === 4 ? all(known).map((each) => through(each, cidr)) : [];

/**
 * Whether a range holds more than one translator's IPv4, so that all of it is in
 * there; or may, where nobody has said how its addresses are read.
 */
export function hidesIpv4(cidr: Cidr, known: Known): boolean {
  if (cidr.family === 4) return false;
  if (isAround(cidr, all(known))) return true;
  const isUnread =
    overlaps(cidr, LOCAL_USE) &&
    !known.translators.some((each) => covers(each, cidr));
  return isUnread && cidr.prefix < bits(6);
}

const all = ({ translators }: Known): Translators => [
  WELL_KNOWN,
  ...translators,
];
