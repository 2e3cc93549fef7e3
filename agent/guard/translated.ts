import type { Cidr } from "../model/cidr.js";
import {
  embeddedIn,
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

const all = ({ translators }: Known): Translators => [
  WELL_KNOWN,
  ...translators,
];
