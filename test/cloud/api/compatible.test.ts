import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { lostBetween, type Document } from "../../support/cloud/compatible.js";

/** Documents of released versions, each by its own name. */
const RELEASED = "test/golden/openapi";
const released = readdirSync(RELEASED).filter((name) => name.endsWith(".json"));

const read = (file: string): Document =>
  JSON.parse(readFileSync(file, "utf8")) as Document;

describe("what clients of a released version rely on is there", () => {
  const now = read("docs/openapi.json");

  it("in a document of its own operations", () => {
    expect(lostBetween(now, now)).toEqual([]);
    expect(Object.keys(now.paths).length).toBeGreaterThan(30);
  });

  it("in the first version that had such a document", () => {
    expect(released).toContain("0.5.0.json");
  });

  it.each(released)("%s", (name) => {
    expect(lostBetween(read(`${RELEASED}/${name}`), now)).toEqual([]);
  });
});

const object = (properties: object, required: readonly string[] = []) => ({
  ...{ type: "object", properties, required },
});

const json = (schema: object) => ({
  content: { "application/json": { schema } },
});

/** An API of two operations, made anew so that each test may spoil its own. */
const made = () => ({
  paths: {
    "/hosts": {
      get: {
        parameters: [
          { in: "query", name: "org", required: false, schema: {} },
          {
            ...{ in: "query", name: "state", required: false },
            schema: { enum: ["up", "down"] },
          },
        ],
        responses: {
          200: json(
            object({
              items: {
                type: "array",
                items: object({
                  id: {},
                  org: { anyOf: [object({ name: {} }), { type: "null" }] },
                }),
              },
            }),
          ),
        },
      },
      post: {
        requestBody: json(object({ name: {}, label: {} }, ["name"])),
        responses: { 201: json(object({ id: {} })) },
      },
    } as Record<string, Record<string, unknown>>,
  },
});

type Made = ReturnType<typeof made>;

/** What is lost when one place of the document is other. */
function lostBy(spoil: (hosts: Made["paths"]["/hosts"]) => void): unknown {
  const after = made();
  spoil(after.paths["/hosts"]);
  return lostBetween(made(), after);
}

describe("what a document lost is found:", () => {
  it("an operation", () => {
    expect(lostBy((hosts) => delete hosts["post"])).toEqual(["POST /hosts"]);
  });

  it("a parameter, and a value that it took", () => {
    const parameters = [
      {
        ...{ in: "query", name: "state", required: false },
        schema: { enum: ["up"] },
      },
    ];
    expect(lostBy(({ get }) => (get!["parameters"] = parameters))).toEqual([
      "GET /hosts takes query org",
      'GET /hosts takes query state "down"',
    ]);
  });

  it("a field of a body that it took", () => {
    const body = json(object({ name: {} }, ["name"]));
    expect(lostBy(({ post }) => (post!["requestBody"] = body))).toEqual([
      "POST /hosts takes body/label",
    ]);
  });

  it("the freedom to leave something out", () => {
    const body = json(object({ name: {}, label: {} }, ["name", "label"]));
    expect(lostBy(({ post }) => (post!["requestBody"] = body))).toEqual([
      "POST /hosts does without body/label",
    ]);
    const parameters = [
      { in: "query", name: "org", required: true, schema: {} },
      {
        ...{ in: "query", name: "state", required: false },
        schema: { enum: ["up", "down"] },
      },
    ];
    expect(lostBy(({ get }) => (get!["parameters"] = parameters))).toEqual([
      "GET /hosts does without query org",
    ]);
  });

  it("a field of an answer, however deep", () => {
    const items = { type: "array", items: object({ id: {} }) };
    const responses = { 200: json(object({ items })) };
    expect(lostBy(({ get }) => (get!["responses"] = responses))).toEqual([
      "GET /hosts answers 200 application/json/items/*/org",
      "GET /hosts answers 200 application/json/items/*/org/name",
    ]);
  });

  it("an answer of its own", () => {
    expect(lostBy(({ post }) => (post!["responses"] = {}))).toEqual([
      "POST /hosts answers 201 application/json",
      "POST /hosts answers 201 application/json/id",
    ]);
  });

  it("and nothing where it only gained", () => {
    const lost = lostBy((hosts) => {
      hosts["delete"] = { responses: {} };
      hosts["post"]!["responses"] = { 201: json(object({ id: {}, more: {} })) };
      const more = object({ name: {}, label: {}, more: {} }, ["name"]);
      hosts["post"]!["requestBody"] = json(more);
    });
    expect(lost).toEqual([]);
  });
});
