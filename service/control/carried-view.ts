import type { AgentView } from "../../agent/agent.js";
import { isoTime } from "../../agent/text/time.js";

/** When a bundle was applied, and when the cloud had written it. */
export interface CarriedView {
  readonly appliedAt: string;
  readonly madeAt: string;
}

export function carriedView({
  carried: { mark },
}: AgentView): CarriedView | null {
  if (mark === undefined) return null;
  const { appliedAt, madeAt } = mark;
  return { appliedAt: isoTime(appliedAt), madeAt: isoTime(madeAt) };
}
