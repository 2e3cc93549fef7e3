import type { Clock } from "../../agent/runtime/clock.js";
import type { Lifetime } from "../../agent/runtime/lifetime.js";
import type { FeedName } from "../../agent/model/position.js";
import type { BanOrders } from "../decide/ban-orders.js";
import type { DecisionLog } from "../decide/decision-log.js";
import type { ImportOrders } from "../decide/import-orders.js";
import type { LiftOrders } from "../decide/lift-orders.js";
import { NeverList } from "../decide/never.js";
import type { Foresight } from "../decide/order-ports.js";
import type { UndoLog } from "../decide/undo-log.js";
import type { UndoOrders } from "../decide/undo-orders.js";
import type { FeedIndex } from "../feeds/feed-index.js";
import { filesOf } from "../folder.js";
import type { Impact } from "../impact/impact.js";
import type { Decisions } from "../journal/decisions.js";
import type { Views } from "../journal/view.js";
import type { Operators } from "../operators/operators.js";
import { BreakGlass } from "./break-glass.js";
import type { ChangeKind } from "./changes.js";
import { FlowCheck } from "./flow-check.js";
import { isJudgedImport } from "./judged-imports.js";
import { ListFiles } from "./list-files.js";
import { MachineLimits } from "./machine-limits.js";
import { Others } from "./others.js";
import { ProposedOrders } from "./proposed-orders.js";
import { Proposing } from "./proposing.js";
import type { TwoPersonsSettings } from "./settings.js";
import { TwoPersons } from "./two-persons.js";
import { Undoing } from "./undoing.js";

/** What orders need that may take a second person. */
export interface OpenTwoPersonsPorts {
  readonly clock: Clock;
  readonly views: Pick<Views, "decided">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly operators: Operators;
  readonly index: Pick<FeedIndex, "standing">;
  readonly decisionLog: Pick<DecisionLog, "decision">;
  readonly bans: BanOrders;
  readonly lifts: LiftOrders;
  readonly imports: ImportOrders;
  readonly undos: UndoOrders;
  readonly undoLog: Pick<UndoLog, "listOf" | "undoneBy">;
  readonly impact: Pick<Impact, "ask">;
  foresee(feed: FeedName): Foresight;
}

interface TwoPersonsConfig {
  readonly dir: string;
  readonly twoPersons: TwoPersonsSettings;
}

/** How orders of people and machines are carried out, and what waits of them. */
export function openTwoPersons(
  { dir, twoPersons: settings }: TwoPersonsConfig,
  ports: OpenTwoPersonsPorts,
  opened: Lifetime,
) {
  const { views } = ports;
  const { proposalForS } = settings;
  const { proposed, neverList } = filesOf(dir);
  const others = new Others(ports);
  const waiting = new ProposedOrders(views.decided, { ...ports, proposalForS });
  const files = new ListFiles(proposed);
  const changes = new Map<string, ChangeKind>();
  const proposing = opened.own(
    new Proposing({ ...ports, orders: waiting, files, others, changes }),
  );
  const breakGlass = new BreakGlass(views.decided, { ...ports, others });
  const never = new NeverList(neverList);
  const orders = new TwoPersons({
    ...{ ...ports, settings, proposing, others, changes },
    never,
    flows: new FlowCheck(ports, settings),
    machines: new MachineLimits(ports.clock),
    isJudged: (id) => isJudgedImport(id, { ...ports, breakGlass }),
  });
  const undoing = new Undoing({
    ...{ ...ports, settings, proposing, others },
    ...{ listOf: (id) => ports.undoLog.listOf(id), never },
  });
  const kept = { waiting, proposing, breakGlass, others, changes };
  return { orders, undoing, ...kept };
}
