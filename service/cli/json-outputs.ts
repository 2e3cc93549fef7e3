import type { RolledBack } from "../../agent/ledger/operator/going-back.js";
import type { AppliedView } from "../control/carrying.js";
import type {
  HistoryView,
  OrderView,
  ReleasedView,
} from "../control/history-view.js";
import type { HitView } from "../control/hits-view.js";
import type { BanView, TelemetryReport } from "../control/list-views.js";
import type {
  BannedView,
  ConfirmedView,
  EndedReleaseView,
  LiftedView,
  ReleaseView,
  WentBackView,
} from "../control/order-views.js";
import type { Positions } from "../control/positions.js";
import type { StatusView, VerdictReport } from "../control/status-view.js";
import type { WhyView } from "../control/why-view.js";
import type { Matrix } from "../selftest/matrix.js";
import type { Place } from "../settings/merge.js";
import type { Check } from "./doctor/check.js";

/**
 * What each command prints with `--json`: one object, or one a line. The schemas
 * in `docs/commands.schema.json` are made of this.
 */
export interface JsonOutputs {
  readonly status: StatusView;
  readonly "status --check": VerdictReport;
  readonly why: WhyView;
  readonly bans: BanView;
  readonly hits: HitView;
  readonly doctor: Check;
  readonly ban: BannedView;
  readonly lift: LiftedView;
  readonly allow: ReleaseView;
  readonly "allow --list": ReleasedView;
  readonly "allow --undo": EndedReleaseView;
  readonly release: ReleaseView;
  readonly "release --list": ReleasedView;
  readonly "release --undo": EndedReleaseView;
  readonly history: HistoryView["orders"][number];
  readonly "history --orders": OrderView;
  readonly rollback: WentBackView;
  readonly "rollback --undo": RolledBack;
  readonly confirm: ConfirmedView;
  readonly "config show": ShownSettings;
  readonly verify: Positions;
  readonly "telemetry show": TelemetryReport;
  readonly selftest: Matrix;
  readonly apply: AppliedView;
}

/** Every setting by its name, as "guard.floor.ipv4". */
export type ShownSettings = Readonly<Record<string, ShownSetting>>;

export interface ShownSetting {
  /** As a file would say it; null for none. */
  readonly value: unknown;
  /** Null for a default. */
  readonly from: Place | null;
}
