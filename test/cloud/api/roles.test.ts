import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { OperatorApiPorts } from "../../../cloud/api/ports.js";
import { routeTable } from "../../../cloud/api/routes/table.js";
import { paramsOf, type Route } from "../../../cloud/api/table/route.js";
import { includes, ROLES, type Role } from "../../../cloud/operators/roles.js";
import {
  startTestCloud,
  type Answer,
  type TestCloud,
} from "../../support/cloud/cloud.js";
import { askAtDoor, letIn, type Person } from "../../support/cloud/people.js";

/** The least role that each operation is for, and whether of the vendor alone. */
const EXPECTED: Readonly<Record<string, readonly [Role | null, "vendor"?]>> = {
  listWaysIn: [null],
  ...{ signIn: [null], passkeySignInOptions: [null] },
  ...{ signInWithPasskey: [null], goToIssuer: [null], comeFromIssuer: [null] },
  exportBans: ["partner"],
  ...{ listBans: ["partner"], whoAmI: ["partner"], showSession: ["partner"] },
  ...{ signOut: ["partner"], stepUpOptions: ["partner"], stepUp: ["partner"] },
  ...{ newPasskeyOptions: ["partner"], addPasskey: ["partner"] },
  ...{ setPassword: ["partner"], getApiDocument: ["partner"] },
  ...{ listDecisions: ["viewer"], getDecision: ["viewer"] },
  ...{ listCoverage: ["viewer"], getCoverage: ["viewer"] },
  explainRange: ["viewer"],
  ...{ listFeeds: ["viewer"], listProposals: ["viewer"] },
  ...{ showProposal: ["viewer"], listReceipts: ["viewer"] },
  ...{ listRefusals: ["viewer"], listDivergences: ["viewer"] },
  ...{ listStatements: ["viewer"], listOrgs: ["viewer"] },
  listOrgWeights: ["viewer"],
  // By a token that is no operator's.
  ...{ contestBan: [null], readContestAnswer: [null, "vendor"] },
  ...{ listContests: ["viewer", "vendor"], getContest: ["viewer", "vendor"] },
  ...{ openContest: ["analyst", "vendor"] },
  ...{ makeContestCode: ["analyst", "vendor"] },
  ...{ answerContest: ["approver", "vendor"] },
  ...{ listOperators: ["viewer"], getOperator: ["viewer"] },
  ...{ listCredentials: ["viewer"], makeToken: ["viewer"] },
  ...{ revokeCredential: ["viewer"], listEnrolmentTokens: ["viewer"] },
  ...{ countHosts: ["viewer"], listAttackers: ["viewer"] },
  ...{ countAttacks: ["viewer"], reportMonth: ["viewer"] },
  ...{ followLive: ["viewer"], listAgents: ["viewer"], getAgent: ["viewer"] },
  ...{ listClones: ["viewer"], listDetections: ["viewer"] },
  ...{ listContacts: ["viewer"], listSightings: ["viewer"] },
  ...{ listRuleVersions: ["viewer", "vendor"] },
  ...{ getRuleVersion: ["viewer", "vendor"] },
  ...{ listShadowBans: ["viewer", "vendor"], testRules: ["analyst", "vendor"] },
  ...{ shadowRules: ["analyst", "vendor"], endShadow: ["analyst", "vendor"] },
  publishRules: ["approver", "vendor"],
  ...{ listBrokenGlass: ["viewer", "vendor"], getRules: ["viewer", "vendor"] },
  ...{ listCalls: ["viewer", "vendor"], getStatus: ["viewer", "vendor"] },
  listApprovals: ["viewer", "vendor"],
  ...{ listPolicies: ["viewer"], showPolicy: ["viewer"] },
  ...{ publishPolicy: ["approver"], unholdPolicy: ["approver"] },
  ...{ ban: ["actuator"], lift: ["actuator"] },
  ...{ importList: ["analyst"], askImpact: ["analyst"] },
  ...{ refuseProposal: ["analyst"], makeBundle: ["analyst"] },
  ...{ takeCarriedReceipts: ["analyst"], undoDecision: ["analyst"] },
  releaseProposal: ["approver"],
  ...{ reviewBrokenGlass: ["approver", "vendor"] },
  ...{ publishApproval: ["approver", "vendor"] },
  ...{ addOperator: ["admin"], changeOperator: ["admin"] },
  ...{ makeEnrolmentToken: ["admin"], revokeEnrolmentToken: ["admin"] },
  ...{ tagAgent: ["admin"], revokeAgent: ["admin"], forgetAgent: ["admin"] },
  clearClones: ["admin"],
  ...{ vouchForOrg: ["admin", "vendor"] },
  ...{ withdrawVouch: ["admin", "vendor"] },
  ...{ addOrg: ["admin", "vendor"], publishRoot: ["admin", "vendor"] },
};

/** Bodies with which a request gets as far as whom it is about. */
const BODIES: Readonly<Record<string, unknown>> = {
  ...{ changeOperator: { disabled: false }, makeToken: {} },
  setPassword: { password: "not what it was before" },
  ...{ tagAgent: { tags: [] }, revokeAgent: {}, releaseProposal: {} },
  ...{ refuseProposal: { reason: "no" }, undoDecision: { reason: "no" } },
  publishPolicy: { file: "version: 1\norg: acme" },
  // An answer that is no JSON would be a bundle.
  makeBundle: { org: "nobody" },
  reviewBrokenGlass: { verdict: "justified", reason: "it was" },
  vouchForOrg: { why: "we know them" },
  answerContest: { verdict: "refused", answer: "no" },
};

/** What org `ORG` is named in elsewhere than in the path. */
const NAMED: readonly (readonly [string, string, string, unknown])[] = [
  ["listBans", "GET", "/bans?feed=org/ORG", undefined],
  [
    ...(["exportBans", "GET"] as const),
    ...(["/bans/export?format=csv&feed=org/ORG", undefined] as const),
  ],
  ["listDecisions", "GET", "/decisions?feed=org/ORG", undefined],
  ["listCoverage", "GET", "/coverage?feed=org/ORG", undefined],
  ["listCoverage", "GET", "/coverage?org=ORG", undefined],
  ["ban", "POST", "/bans", { range: "203.0.113.1", feed: "org/ORG" }],
  ["lift", "POST", "/lifts", { range: "203.0.113.1", feed: "org/ORG" }],
  ["importList", "POST", "/imports?feed=org/ORG", "203.0.113.1"],
  ["askImpact", "POST", "/impact", { ranges: ["::1"], feed: "org/ORG" }],
  ["makeEnrolmentToken", "POST", "/enrolment-tokens", { org: "ORG" }],
  [
    ...(["addOperator", "POST", "/operators"] as const),
    { name: "somebody", role: "viewer", org: "ORG" },
  ],
];

/** Of each thing that a path may name: one of an org, or none that there is. */
type Things = Readonly<Record<string, string>>;

const NOTHING: Things = {
  ...{ operator: "opr-0000000000000000", agent: "agt-0000000000000000" },
  ...{ credential: "tok-0000000000000000", token: "enr-0000000000000000" },
  ...{ decision: "dec-0000000000000000", proposal: "prp-0000000000000000" },
  ...{ glass: "gls-0000000000000000", contest: "con-0000000000000000" },
  version: "999999999",
  org: "nobody",
};

interface Known extends Person {
  readonly role: Role;
  readonly org: string | null;
}

describe("what is for whom", () => {
  const table = routeTable({} as OperatorApiPorts);
  const callers: Known[] = [];
  const things: Record<string, Things> = {};
  let cloud: TestCloud;

  beforeAll(async () => {
    cloud = await startTestCloud({ twoPersons: { flows: null } });
    for (const org of ["acme", "globex"]) {
      things[org] = await thingsOf(org, cloud);
    }
    for (const org of [null, "acme"]) {
      for (const role of ROLES) {
        const joining = { name: `${org ?? "vendor"} ${role}`, role, org };
        const person = await letIn(cloud, { ...joining, ...bounds(role) });
        callers.push({ ...person, role, org });
      }
    }
  });
  afterAll(() => cloud[Symbol.asyncDispose]());

  it("is said here of every operation, and of none beside", () => {
    const named = table.map(({ operationId }) => operationId);
    expect(Object.keys(EXPECTED).sort()).toEqual([...named].sort());
  });

  describe.each(table)("$operationId", (route) => {
    const [least, whose] = EXPECTED[route.operationId] ?? ["admin", "vendor"];
    const isFor = ({ role, org }: Known): boolean =>
      least === null ||
      (includes(role, least) && (whose !== "vendor" || org === null));

    it("lets in who may, and nobody else", async () => {
      const nobody = await ask(route, NOTHING, "nobody's", cloud);
      const isOpen = nobody.body.code !== "unauthenticated";
      expect([nobody.status === 401 && !isOpen, least]).toEqual([
        ...[least !== null, least],
      ]);
      for (const caller of callers) {
        const { status, body } = await ask(
          ...([route, NOTHING, caller.token, cloud] as const),
        );
        const isShut = status === 403 && SHUT.test(body.detail ?? "");
        const told = [caller.name, !isShut, body.code === "unauthenticated"];
        expect(told).toEqual([caller.name, isFor(caller), false]);
      }
    });

    if (paramsOf(route.path).length === 0 || whose === "vendor") return;

    it("answers a foreign thing like one that is not there", async () => {
      for (const caller of callers) {
        if (caller.org === null || !isFor(caller)) continue;
        const foreign = things["globex"]!;
        const unknown = await ask(route, NOTHING, caller.token, cloud);
        const answer = await ask(route, foreign, caller.token, cloud);
        expect([caller.name, unknown.status]).toEqual([caller.name, 404]);
        expect(unnamed(answer, route, foreign)).toBe(
          unnamed(unknown, route, NOTHING),
        );
      }
    });

    it("finds what is one's own", async () => {
      for (const caller of callers) {
        if (!isFor(caller) || WOUNDS.has(route.operationId)) continue;
        const own = { ...things["acme"], operator: caller.id };
        const { status } = await ask(route, own, caller.token, cloud);
        expect([caller.name, status === 404]).toEqual([caller.name, false]);
      }
    });
  });

  it.each(NAMED)(
    "%s: %s %s names a foreign org like none at all",
    async (operation, method, path, body) => {
      const [least] = EXPECTED[operation]!;
      for (const { org, role, name, token } of callers) {
        if (org === null || !includes(role, least ?? "partner")) continue;
        const named = async (other: string) => {
          const answer = await askAtDoor(cloud, token, [
            ...([method, path.replace("ORG", other)] as const),
            body && JSON.parse(JSON.stringify(body).replace("ORG", other)),
          ]);
          return JSON.stringify(answer).replaceAll(other, "ORG");
        };
        const foreign = await named("globex");
        expect([name, foreign]).toEqual([name, await named("nobody")]);
        expect([name, foreign]).toEqual([name, expect.stringContaining("404")]);
      }
    },
  );
});

/** They would end what the other callers are to find. */
const WOUNDS = new Set([
  ...["revokeAgent", "forgetAgent", "revokeEnrolmentToken"],
  ...["revokeCredential", "releaseProposal", "refuseProposal", "setPassword"],
]);

/** The words of the table itself, and not of what it leads to. */
const SHUT = /^this takes the role|^this is for the vendor's own people/;

interface Told {
  readonly code?: string;
  readonly detail?: string;
}

function ask(
  { operationId, method, path }: Route,
  things: Things,
  token: string,
  cloud: TestCloud,
): Promise<Answer<Told>> {
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const thing = things[name];
    if (thing === undefined) throw new Error(`what is a ${name}?`);
    return thing;
  });
  const asked = [method, named, BODIES[operationId]] as const;
  return askAtDoor<Told>(cloud, token, asked);
}

/** An answer without the name of what it is about. */
const unnamed = (answer: unknown, { path }: Route, things: Things): string =>
  paramsOf(path).reduce(
    (text, name) => text.replaceAll(things[name]!, "it"),
    JSON.stringify(answer),
  );

/** One of each thing that an org has. */
async function thingsOf(org: string, cloud: TestCloud): Promise<Things> {
  const { agent } = await cloud.enrol(org, `${org}.example`);
  const analyst = { name: `${org}'s`, role: "analyst", org } as const;
  const { id: operator, credential, token: by } = await letIn(cloud, analyst);
  const order = async (range: string) =>
    askAtDoor<{ decision?: string; proposal?: string }>(cloud, by, [
      ...(["POST", "/bans"] as const),
      { range, reason: "a test" },
    ]);
  const { body: ban } = await order("203.0.113.77");
  const { body: wide } = await order("46.0.0.0/12");
  const made = await askAtDoor<{ id: string }>(cloud, cloud.operator, [
    ...(["POST", "/enrolment-tokens", { org }] as const),
  ]);
  const { decision = "", proposal = "" } = { ...wide, ...ban };
  expect([decision, proposal, wide]).not.toContain("");
  const policy = { file: `version: 1\norg: ${org}` };
  const path = `/orgs/${org}/policy`;
  await askAtDoor(cloud, cloud.operator, ["POST", path, policy]);
  const { glass } = NOTHING;
  return {
    ...{ operator, credential, agent, decision, proposal, glass: glass! },
    ...{ token: made.body.id, org },
  };
}

const bounds = (role: Role): object => ({
  ...(role === "partner" && { collection: "urgent" }),
  ...(role === "actuator" && {
    limits: { perMinute: 60, widestV4: 24, widestV6: 64, longestS: 86_400 },
  }),
});
