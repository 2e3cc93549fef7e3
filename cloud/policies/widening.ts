import { covers, parseCidr } from "../../agent/model/cidr.js";
import type { GroupPolicy, PolicyPart } from "../journal/policy-events.js";
import type { PolicyFile } from "./policy-file.js";
import type { StandingPolicy } from "./standing.js";

/** In words, what a file lets through or sets otherwise that is not so now. */
export function widened(
  { policy, goodForMs }: PolicyFile,
  before: StandingPolicy | undefined,
  { now, keepsEnd }: { readonly now: number; readonly keepsEnd: boolean },
): readonly string[] {
  const ended = before?.expiresAt ?? 0;
  const ends = endOf(now + goodForMs, before, keepsEnd);
  const isKnown = (part: PolicyPart, old: PolicyPart | undefined) =>
    newIn(part, ends, old, ended);
  const groups = policy.groups.flatMap((group) => {
    const old = before?.policy.groups.find(({ name }) => name === group.name);
    const isAsBefore =
      JSON.stringify([old?.tags, old?.hostnames]) ===
      JSON.stringify([group.tags, group.hostnames]);
    return isKnown(group, isAsBefore ? old : undefined).map(
      (what) => `${what}, in group ${group.name}`,
    );
  });
  const left = (before?.policy.groups ?? []).flatMap((old) =>
    old.feed === undefined || policy.groups.some((group) => isSame(old, group))
      ? []
      : `has hosts of group ${old.name} leave ${old.feed}`,
  );
  return [...isKnown(policy, before?.policy), ...groups, ...left];
}

/** It may be that it is to count no longer than the one before. */
export const endOf = (
  longest: number,
  before: StandingPolicy | undefined,
  keepsEnd: boolean,
): number =>
  keepsEnd && before ? Math.min(longest, before.expiresAt) : longest;

/** Whether the same hosts follow the same feed by it. */
const isSame = (a: GroupPolicy, b: GroupPolicy): boolean =>
  JSON.stringify([a.feed, a.tags, a.hostnames]) ===
  JSON.stringify([b.feed, b.tags, b.hostnames]);

/** What a part has that an older one had not, or not for so long. */
function newIn(
  part: PolicyPart,
  ends: number,
  old: PolicyPart | undefined,
  ended: number,
): readonly string[] {
  const known = (old?.allow ?? []).flatMap(({ until, ranges }) =>
    ranges.map((range) => ({
      cidr: parseCidr(range),
      until: Math.min(until, ended),
    })),
  );
  const ranges = part.allow.flatMap(({ until, ranges }) =>
    ranges.filter((range) => {
      const cidr = parseCidr(range);
      const lasts = Math.min(until, ends);
      return !known.some((it) => it.until >= lasts && covers(it.cidr, cidr));
    }),
  );
  const sensors = JSON.stringify(part.sensors ?? {});
  const isAsBefore = ends <= ended && sensors === JSON.stringify(old?.sensors);
  const isSet = sensors !== "{}" && !isAsBefore;
  return [
    ...ranges.map((range) => `allows ${range}`),
    ...(isSet ? [`sets sensors: ${sensors}`] : []),
  ];
}
