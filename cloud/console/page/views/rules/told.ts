import type { Answers } from "../../api-types.js";

/** What the API tells of rules. */

export type RulesTold = Answers["getRules"];
export type RulesText = Answers["getRuleVersion"];
export type Version = Answers["listRuleVersions"]["items"][number];
export type Trial = Answers["testRules"];
