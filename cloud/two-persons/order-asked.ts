import type { Cidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import type { Terms } from "../decide/deeds.js";
import type { ListReport } from "../lists/list.js";
import type { RangeStore } from "../lists/range-store.js";
import type { Replacement } from "../lists/replacement.js";
import type { Danger } from "../journal/two-person-events.js";
import type { FlowsFound } from "./dangers.js";
import type { WaitingOrder } from "./proposed-orders.js";

interface Common {
  readonly dryRun: boolean;
  /** Why it is carried out at once, whatever is dangerous about it. */
  readonly breakGlass: string | undefined;
}

export interface BanAsked extends Common {
  readonly feed: FeedName;
  readonly ranges: readonly Cidr[];
  readonly terms: Terms;
  readonly replace: boolean;
}

export interface LiftAsked extends Common {
  readonly feeds: readonly FeedName[];
  readonly ranges: readonly Cidr[];
  readonly within: boolean;
  readonly reason: string;
}

export interface ImportAsked extends Common {
  readonly feed: FeedName;
  readonly ranges: RangeStore;
  readonly report: Pick<ListReport, "entries">;
  readonly terms: Terms;
  readonly list: string | undefined;
  readonly replace: boolean;
  /** Throws where the list must not be replaced, whoever wants it. */
  judge(replacement: Replacement): void;
}

/** What an order came to: it was carried out, or waits for somebody else. */
export type Outcome<T> =
  | {
      readonly kind: "done";
      readonly done: T;
      /** Of a dry run: what would make it wait. */
      readonly dangers: readonly Danger[];
      /** What was broken for it. */
      readonly glass: string | null;
      /** What hosts said, where they were asked. */
      readonly flows: FlowsFound | null;
    }
  | {
      readonly kind: "waits";
      readonly waiting: WaitingOrder;
      /** How many could release it now. */
      readonly others: number;
    };
