import type { GroupPolicy } from "../journal/policy-events.js";

/** What a host is chosen by. */
export interface Selected {
  readonly hostname: string;
  readonly tags: readonly string[];
}

/** The groups that a host is in, in their order. */
export const groupsOf = (
  groups: readonly GroupPolicy[],
  { hostname, tags }: Selected,
): readonly GroupPolicy[] =>
  groups.filter(
    (group) =>
      group.tags.some((tag) => tags.includes(tag)) ||
      group.hostnames.some((pattern) => isLike(hostname, pattern)),
  );

/** Whether a name is like a pattern, where `*` stands for any characters. */
export function isLike(name: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  let left = name.toLowerCase();
  if (!left.startsWith(first)) return false;
  left = left.slice(first.length);
  const last = rest.pop();
  if (last === undefined) return left === "";
  for (const piece of rest) {
    const at = left.indexOf(piece);
    if (at < 0) return false;
    left = left.slice(at + piece.length);
  }
  return left.endsWith(last);
}
