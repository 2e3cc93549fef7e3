import { parseCidr } from "../../../agent/model/cidr.js";
import { mmdbOf } from "../../../test/support/cloud/mmdb.js";
import type { Chance } from "./chance.js";

/**
 * A database that puts ranges for examples, which are nobody's, into countries by
 * chance: so there is a map to look at. Of some it knows nothing.
 */
export function madeUpPlaces(chance: Chance): Buffer {
  const networks = [...EXAMPLES_V4.flatMap(parts), ...EXAMPLES_V6];
  const known = networks.filter(() => chance.happens(0.9));
  return mmdbOf(
    known.map((range) => {
      const country = { iso_code: chance.oneOf(COUNTRIES) };
      return [parseCidr(range), { country }] as const;
    }),
    { built: Math.floor(Date.now() / 1_000) },
  );
}

const EXAMPLES_V4 = ["192.0.2", "198.51.100", "203.0.113"];

/** Sixteen addresses each. */
const parts = (net: string): readonly string[] =>
  Array.from({ length: 16 }, (_, part) => `${net}.${part * 16}/28`);

const nets = (count: number, of: (part: string) => string) =>
  Array.from({ length: count }, (_, part) => of(part.toString(16)));

/** Of attackers; of noise; and of a list. */
const EXAMPLES_V6 = [
  ...nets(16, (part) => `2001:db8:a77:${part}000::/52`),
  ...nets(6, (part) => `2001:db8:10${part}::/48`),
  ...nets(16, (part) => `2001:db8:8${part}00::/40`),
];

const COUNTRIES = [
  ...["US", "NL", "DE", "FR", "GB", "PL", "RO", "SE", "TR", "UA"],
  ...["BR", "AR", "MX", "CA", "ZA", "NG", "EG", "KE", "IN", "SG"],
  ...["ID", "VN", "JP", "KR", "CN", "RU", "AU", "IR", "KZ", "TH"],
];
