import type { Operator, Page } from "../api-types.js";
import { session } from "../session.js";
import { useAsked } from "../use-asked.js";

/** Who may be a second person. */
const SECOND: readonly Operator["role"][] = ["approver", "admin"];

/**
 * Whether somebody else of the vendor may approve things: where nobody else can,
 * the cloud lets the same person look at it again. Undefined: not known yet.
 */
export function useOthers(isAsked: boolean): boolean | undefined {
  const { data } = useAsked<Page<Operator>>(
    isAsked ? "/operators?disabled=false&limit=1000" : undefined,
  );
  const own = session.value?.operator.id;
  return data?.items.some(
    ({ id, role, org }) => org === null && id !== own && SECOND.includes(role),
  );
}
