import { expect } from "@jest/globals";
import type { DecisionItem } from "../../../cloud/cli/ask-decisions.js";
import type { DetectionItem } from "../../../cloud/cli/ask-hosts.js";
import type { RulesTold } from "../../../cloud/cli/ask-proposals.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import type { TestCloud } from "../../support/cloud/cloud.js";
import { askAsOperator, askAtDoor } from "../../support/cloud/people.js";

export const ATTACKER = "203.0.113.7";

/** One rule as a file says it. */
export const rule = (needs: string, ban = "for: 1h", more = ""): string =>
  `version: 1
rules:
  - name: mine
    within: 24h
    ${more}
    needs: { ${needs} }
    ban: { ${ban} }
`;

export const connect = async (
  cloud: TestCloud,
  org: string,
): Promise<TestAgent> => TestAgent.connect(cloud, await cloud.enrol(org));

export const post = <T>(cloud: TestCloud, path: string, body: unknown) =>
  askAtDoor<T>(cloud, cloud.operator, ["POST", path, body]);

export async function publish(cloud: TestCloud, text: string): Promise<void> {
  const { status, body } = await post(cloud, "/rules", { text });
  expect([status, body]).toMatchObject([201, {}]);
}

export async function shadow(cloud: TestCloud, text: string): Promise<void> {
  const path = "/api/v1/rules/shadow";
  const { status } = await cloud.request("PUT", path, { text });
  expect(status).toBe(200);
}

export const rulesOf = async (cloud: TestCloud): Promise<RulesTold> =>
  (await cloud.request<RulesTold>("GET", "/api/v1/rules")).body;

export async function unacted(
  cloud: TestCloud,
  token = cloud.operator,
): Promise<readonly DetectionItem[]> {
  type Answer = { items: DetectionItem[] };
  const asked = ["GET", "/detections?unacted=true"] as const;
  return (await askAsOperator<Answer>(cloud, token, asked)).body.items;
}

export async function decisionsOf(
  cloud: TestCloud,
): Promise<readonly DecisionItem[]> {
  type Answer = { items: DecisionItem[] };
  return (await cloud.request<Answer>("GET", "/api/v1/decisions")).body.items;
}
