import { describe, expect, it } from "@jest/globals";
import { readDocument } from "../../scripts/api-fuzz/document.js";
import type { Answered } from "../../scripts/api-fuzz/client.js";
import type { Member } from "../../scripts/api-fuzz/cast.js";
import { faultsOf, type Sent } from "../../scripts/api-fuzz/judge.js";
import { BEYOND, Report } from "../../scripts/api-fuzz/report.js";

const operations = readDocument("docs/openapi.json");

const called = (operationId: string) =>
  operations.find((each) => each.operationId === operationId)!;

const member = (org: string | null = null): Member => ({
  ...{ name: "anna", role: "admin", org, shown: [{}] },
});

const asked = (operationId: string, by: Partial<Sent> = {}): Sent => {
  const operation = called(operationId);
  const { method, path } = operation;
  const request = { kind: "good", method, path, headers: {}, body: undefined };
  return {
    ...{ operation, asked: request, member: member(), atSocket: true },
    ...by,
  };
};

const answer = (status: number, body: unknown): Answered => ({
  ...{ status, headers: {}, text: JSON.stringify(body) },
  media: status < 300 ? "application/json" : "application/problem+json",
});

const refusal = (status: number, code: string, field = "", value?: string) =>
  answer(status, {
    ...{ type: `urn:tourniquet:problem:${code}`, title: "No", status, code },
    detail: "no",
    errors: [{ field, pointer: "", value, message: "no" }],
  });

/** How many checks fail with a cloud that answers every request alike. */
function failuresBy(answered: Answered): number {
  const report = new Report(operations);
  for (const { operationId } of operations) {
    const sent = asked(operationId);
    report.note(sent, answered.status, faultsOf(sent, answered));
  }
  return report.told(1).held.filter(({ holds }) => !holds).length;
}

describe("a cloud that does nothing fails, operation by operation,", () => {
  it.each([
    ["400", refusal(400, "invalid")],
    ["403", refusal(403, "not-allowed", "role")],
    ["404", refusal(404, "unknown")],
    ["409", refusal(409, "conflict")],
    ["429", refusal(429, "too-many")],
  ])("by answering all with %s", (_, answered) => {
    expect(failuresBy(answered)).toBeGreaterThanOrEqual(
      operations.length - BEYOND.size,
    );
  });
});

it("takes no method for another that a more general path has", () => {
  expect(called("openContest").path).toMatch(/\/contests\/open$/);
  expect(called("getContest").path).toMatch(/\/contests\/\{contest\}$/);
  expect(called("openContest").methods).toEqual(
    expect.arrayContaining(["POST", "GET"]),
  );
  expect(called("getContest").methods).not.toContain("POST");
});

describe("what was asked too little of is told", () => {
  it("by its name", () => {
    const report = new Report([called("listOrgs"), called("listFeeds")]);
    const sent = asked("listOrgs");
    for (let each = 0; each < 3; each++) report.note(sent, 200, []);
    expect(report.told(3).held).toEqual([
      { what: "listOrgs", holds: true },
      { what: "listFeeds: it was never carried out", holds: false },
      ...[
        {
          what: "at least 3 requests of each operation; not of listFeeds",
          holds: false,
        },
        { what: "at most 5 % are answered with 429: 0.0 %", holds: true },
      ],
    ]);
  });
});

describe("who may do something is not sent away", () => {
  const away = ["answered 403 to somebody who may do it"];

  it("for a role, unless it is one that they ask for", () => {
    const sent = asked("addOperator");
    const ofRole = refusal(403, "not-allowed", "role");
    expect(faultsOf(sent, ofRole)).toEqual(away);
    const given = refusal(403, "not-allowed", "role", "partner");
    expect(faultsOf(sent, given)).toEqual([]);
  });

  it("for a step-up at the socket, and for nothing at all to read", () => {
    const anew = refusal(403, "step-up-needed");
    expect(faultsOf(asked("ban"), anew)).toEqual(away);
    expect(faultsOf(asked("ban", { atSocket: false }), anew)).toEqual([]);
    const read = asked("listOrgs", { atSocket: false });
    expect(faultsOf(read, refusal(403, "not-now"))).toEqual(away);
    expect(faultsOf(read, refusal(403, "other-site"))).toEqual([]);
  });
});

describe("what an answer shows", () => {
  const shown = (org: string, feed: string) =>
    answer(200, {
      items: [
        {
          ...{ feed, epoch: "e", offset: 1, bans: 1, time: null, org },
        },
      ],
      next: null,
    });

  const othersIn = (answered: Answered, org: string | null) =>
    faultsOf(asked("listFeeds", { member: member(org) }), answered).filter(
      (fault) => fault.startsWith("showed"),
    );

  it("is of nobody else, by name or by feed", () => {
    expect(othersIn(shown("globex", "org/acme"), "acme")).toEqual([
      "showed what is of globex",
    ]);
    expect(othersIn(shown("acme", "org/globex"), "acme")).toEqual([
      "showed what is of globex",
    ]);
    expect(othersIn(shown("acme", "urgent"), "acme")).toEqual([]);
    expect(othersIn(shown("globex", "org/globex"), null)).toEqual([]);
  });

  it("is nothing where the query is none that the document has", () => {
    const taken = (query: string) => {
      const sent = asked("listClones");
      const path = `${sent.asked.path}?${query}`;
      const page = answer(200, { items: [], next: null });
      return faultsOf({ ...sent, asked: { ...sent.asked, path } }, page);
    };
    expect(taken("limit=10")).toEqual([]);
    expect(taken("limit=10&limit=junk")).toEqual([]);
    const wrong = ["answered 200 to a query that its schema forbids: /limit"];
    expect(taken("limit=junk")).toEqual(wrong);
    expect(taken("limit=0")).toEqual(wrong);
  });
});
