import { timeText } from "../../agent/text/time.js";
import type { CredentialItem, Myself, OperatorItem } from "./ask-operators.js";
import { table } from "./tables.js";

export function operatorTable(found: readonly OperatorItem[]): string {
  const rows = found.map((each) => [
    ...[each.name, each.id, each.role, orgText(each)],
    ...[boundsText(each), stateText(each), timeText(each.addedAt)],
    each.addedBy,
  ]);
  const head = ["name", "id", "role", "org", "within", "state", "since", "by"];
  return table(head, rows);
}

/** @param now milliseconds since 1970 */
export function credentialTable(
  found: readonly CredentialItem[],
  now: number,
): string {
  const rows = found.map((each) => [
    ...[each.id, each.of, each.label, each.role ?? ""],
    ...[timeText(each.addedAt), each.addedBy, fateOf(each, now)],
  ]);
  const head = ["id", "of", "label", "role", "made", "by", "counts until"];
  return table(head, rows);
}

export function toldMyself(me: Myself): string {
  const { name, operator, role, credential, from, steppedUpUntil } = me;
  const until = steppedUpUntil === null ? "not now" : timeText(steppedUpUntil);
  const bounds = boundsText(me);
  return [
    `${name} (${operator}), ${role} of ${orgText(me)}`,
    ...(bounds === "" ? [] : [`within ${bounds}`]),
    `by ${credential}, from ${from}`,
    `what is dangerous: ${until}`,
  ].join("\n");
}

const orgText = ({ org }: { readonly org: string | null }): string =>
  org ?? "the vendor";

const stateText = ({ disabledAt }: OperatorItem): string =>
  disabledAt === null ? "enabled" : `disabled ${timeText(disabledAt)}`;

function boundsText({
  limits,
  collection,
}: Pick<OperatorItem, "limits" | "collection">): string {
  if (collection !== null) return collection;
  if (limits === null) return "";
  const { perMinute, widestV4, widestV6, longestS } = limits;
  return `${perMinute} a minute, /${widestV4}, v6 /${widestV6}, ${longestS} s`;
}

function fateOf(
  { revokedAt, revokedBy, revokedWhy, expiresAt }: CredentialItem,
  now: number,
): string {
  if (revokedAt !== null) {
    const why = revokedWhy === null ? "" : `: ${revokedWhy}`;
    return `revoked ${timeText(revokedAt)} by ${revokedBy ?? ""}${why}`;
  }
  if (expiresAt === null) return "it is revoked";
  const isOver = Date.parse(expiresAt) <= now;
  return `${isOver ? "expired " : ""}${timeText(expiresAt)}`;
}
