import * as v from "valibot";
import { BadNeverList } from "../../decide/never.js";
import {
  BadRules,
  faultText,
  MOST_RULES_BYTES,
  readRules,
} from "../../rules/read-rules.js";
import type { Rule } from "../../rules/rule-set.js";
import { NoShadow, type RuleSet } from "../../rules/rule-book.js";
import { TrialRuns } from "../../rules/trial.js";
import { Term, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { ApiProblem, problem, unknown } from "../problem.js";
import { Time, Whole, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { Veto } from "./proposals.js";
import { OrderWaits, waitsAnswer } from "./two-persons.js";

const Mode = v.picklist(["in-force", "shadow"]);

/** Which version of the rules decides, or stands in the shadow. */
export const RuleSetTold = v.object({
  /** 0: what the settings say, as nothing was published. */
  version: Whole,
  /** Null: nobody published them. */
  by: v.nullable(v.string()),
  at: v.nullable(Time),
  rules: v.array(v.string()),
});

export const ruleSetTold = ({ version, by, at, rules }: RuleSet) => ({
  ...{ version, by, at },
  rules: rules.map(({ name }) => name),
});

/** What a rule in the shadow would have banned since it stands there. */
export const ShadowCountTold = v.object({
  rule: v.string(),
  bans: Whole,
  /** Of these, what would have gone to a person, and whom all banned already. */
  vetoed: Whole,
  stood: Whole,
});

export const Version = v.object({
  version: Whole,
  mode: Mode,
  by: v.string(),
  at: Time,
  /** Since when it does not count any more; null: it does. */
  endedAt: v.nullable(Time),
});

const VETOES = Veto.options.map(({ entries }) => entries.why.literal);

export const ShadowBanTold = v.object({
  rule: v.string(),
  attacker: v.string(),
  at: Time,
  /** Seconds. */
  lasts: Whole,
  ...{ orgs: Whole, hosts: Whole, confidence: v.number() },
  /** Why a person would have decided; null: nothing. */
  veto: v.nullable(v.picklist(VETOES)),
  /** Everybody banned it already. */
  stood: v.boolean(),
});

export const TrialTold = v.object({
  since: Time,
  until: Time,
  ...{ detections: Whole, attackers: Whole },
  /** False: there was more than one trial looks at. */
  whole: v.boolean(),
  /** Hosts of which more was detected than is kept. */
  clippedHosts: Whole,
  rules: v.array(
    v.object({
      ...{ rule: v.string(), bans: Whole, attackers: Whole, vetoed: Whole },
      /** Failures that hosts saw while it would have been banned. */
      keptOut: Whole,
    }),
  ),
  /** The first thousand. */
  bans: v.array(
    v.object({
      ...{ rule: v.string(), range: v.string(), at: Time, lasts: v.number() },
      ...{ orgs: Whole, hosts: Whole, failures: Whole },
      ...{ confidence: v.number(), reason: v.string() },
      /** Why a person would have decided; null: nothing. */
      veto: v.nullable(Veto),
      /** Hosts whose processes called it of their own. */
      callers: Whole,
      keptOut: Whole,
    }),
  ),
  total: Whole,
  /** How many would have had to wait for the rate. */
  overRate: Whole,
  /** Attackers, compared with the rules in force over the same time. */
  beside: v.object({ version: Whole, both: Whole, added: Whole, lost: Whole }),
});

const RulesBody = v.strictObject({
  /** YAML; see docs/rules.md. */
  text: v.pipe(v.string(), v.maxLength(MOST_RULES_BYTES)),
});

const TrialBody = v.strictObject({
  ...RulesBody.entries,
  since: v.optional(Term, "30d"),
});

export const Published = v.object({ version: Whole });

const ShadowQuery = v.strictObject({ limit: limitOf(1_000) });

/** Rules as they are published, tried, and watched in the shadow. */
export const ruleSetRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  ...versionRoutes(ports),
  ...shadowRoutes(ports),
  ...trialRoutes(ports),
];

const versionRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/rules/versions" },
    ...{ operationId: "listRuleVersions", tag: "Proposals" },
    summary: "The last versions of the rules that were published",
    description: "A hundred that decided, twenty that were watched.",
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "Newest first", schema: pageOf(Version) } },
    handle: () => answer(200, { items: ports.book.versions(), next: null }),
  }),
  route({
    ...{ method: "GET", path: "/rules/versions/{version}" },
    ...{ operationId: "getRuleVersion", tag: "Proposals" },
    summary: "The rules of a version as they were given; 0: the built-in ones",
    ...{ allows: "viewer", scope: "vendor" },
    answers: { 200: { description: "YAML", schema: RulesText } },
    handle: ({ params: { version = "" } }) => {
      const number = /^\d{1,9}$/.test(version) ? Number(version) : -1;
      const text = ports.book.textOf(number);
      if (text !== undefined) return answer(200, { version: number, text });
      throw unknown("version", version, `there are no rules ${version}`);
    },
  }),
  route({
    ...{ method: "POST", path: "/rules", operationId: "publishRules" },
    ...{ tag: "Proposals", summary: "Has other rules decide" },
    description:
      "They decide once a second person has released them, unless others decide by then than did when they were proposed.",
    ...{ allows: "approver", scope: "vendor", changes: true, stepUp: true },
    body: RulesBody,
    answers: {
      201: { description: "They decide", schema: Published },
      202: { description: "They wait for somebody else", schema: OrderWaits },
    },
    problems: [409],
    handle: async ({ caller, body: { text } }) => {
      const rules = readable(text);
      const { version: base } = ports.book.inForce();
      const says = `have ${counted(rules.length)} decide (${namesOf(rules)}) instead of version ${base}`;
      const action = { action: "change", of: "rules" } as const;
      const change = { ...action, says, text, base };
      const why = "it changes who is banned everywhere, by itself";
      const came = await ports.orders.change(caller, change, why);
      if (came.kind === "waits") return waitsAnswer(came);
      return answer(201, { version: ports.book.inForce().version });
    },
  }),
];

const trialRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/rules/test", operationId: "testRules" },
    ...{ tag: "Proposals", summary: "What rules would have banned, and whom" },
    description:
      "By what is kept of what hosts detected. What orgs weigh, lists hold and hosts protect is as it is now. One trial runs at a time.",
    ...{ allows: "analyst", scope: "vendor" },
    body: TrialBody,
    answers: { 200: { description: "In the time before", schema: TrialTold } },
    problems: [409],
    handle: async ({ context, body: { text, since } }) => {
      const { signal } = context.req.raw;
      const rules = readable(text);
      const now = ports.clock.now();
      const from = since === undefined ? 0 : Math.max(0, now - since * 1_000);
      return answer(
        200,
        await tried(() => ports.trials.run(rules, from, signal)),
      );
    },
  }),
];

export const RulesText = v.object({ version: Whole, text: v.string() });

const shadowRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/rules/shadow" },
    ...{ operationId: "listShadowBans", tag: "Proposals" },
    summary: "What the rules in the shadow would have banned",
    ...{ allows: "viewer", scope: "vendor", query: ShadowQuery },
    answers: {
      200: { description: "The newest first", schema: pageOf(ShadowBanTold) },
    },
    handle: ({ query: { limit } }) => {
      const version = ports.book.inShadow()?.version;
      const bans = version ? ports.shadow.told(version).bans : [];
      return answer(200, { items: bans.slice(0, limit), next: null });
    },
  }),
  route({
    ...{ method: "PUT", path: "/rules/shadow", operationId: "shadowRules" },
    ...{ tag: "Proposals", summary: "Watches what other rules would ban" },
    ...{ allows: "analyst", scope: "vendor", changes: true },
    body: RulesBody,
    answers: { 200: { description: "They are watched", schema: Published } },
    handle: async ({ caller: { name: by }, body: { text } }) => {
      readable(text);
      const version = await ports.book.publish({ text, mode: "shadow", by });
      return answer(200, { version });
    },
  }),
  route({
    ...{ method: "DELETE", path: "/rules/shadow" },
    ...{ operationId: "endShadow", tag: "Proposals" },
    summary: "Watches no rules any more",
    ...{ allows: "analyst", scope: "vendor", changes: true },
    answers: { 200: { description: "None is watched", schema: Published } },
    problems: [404],
    handle: async ({ caller: { name: by } }) => {
      try {
        return answer(200, { version: await ports.book.endShadow(by) });
      } catch (error) {
        if (!(error instanceof NoShadow)) throw error;
        throw unknown("shadow", "", error.message);
      }
    },
  }),
];

/** @throws ApiProblem with everything that is wrong, each with its line */
function readable(text: string): readonly Rule[] {
  try {
    return readRules(text);
  } catch (error) {
    if (!(error instanceof BadRules)) throw error;
    throw new ApiProblem(
      400,
      "invalid",
      error.faults.map((fault) => ({
        ...{ field: "text", value: undefined },
        message: faultText(fault),
      })),
    );
  }
}

async function tried<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    const { message } = error;
    throw problem(409, code, { field: "", value: undefined, message });
  }
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof TrialRuns) return "busy";
  return error instanceof BadNeverList ? "never-list" : undefined;
}

const counted = (rules: number): string =>
  rules === 1 ? "1 rule" : `${rules} rules`;

/** The first few. */
function namesOf(rules: readonly Rule[]): string {
  const names = rules.slice(0, MOST_NAMED).map(({ name }) => name);
  const more = rules.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

const MOST_NAMED = 8;
