import type { Config } from "../../../agent/config/config.js";
import type { Limits } from "../../../agent/guard/limits.js";
import type { TrialTerms } from "../../../agent/ledger/trials.js";

/** So wide that no test comes upon them by accident. */
export const noLimits: Limits = {
  life: Infinity,
  share: 1,
  entries: 10_000_000,
  changesPerMinute: 10_000_000,
  burst: 10_000_000,
  growth: 1_000,
  remain: 0,
};

/** Nothing is tried. */
export const noTrial: TrialTerms = {
  seconds: 90,
  mostAtOnce: Infinity,
  isWide: () => false,
};

/** The same, as settings say it. */
export const noTrialConfig: Config["guard"]["trial"] = {
  seconds: 90,
  mostAtOnce: Infinity,
  prefix: { 4: 0, 6: 0 },
};
