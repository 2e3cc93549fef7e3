import { packageVersion } from "../../version.js";
import { AnyJson } from "../table/answer.js";
import { openApi } from "../table/openapi.js";
import { answer, route, type Route } from "../table/route.js";

/**
 * The API, of itself: what docs/openapi.json has, of the version that runs.
 * @param table all there is, this included; asked for once, by who asks first
 */
export function documentRoutes(
  table: () => readonly Route[],
): readonly Route[] {
  let document: unknown;
  return [
    route({
      ...{ method: "GET", path: "/openapi.json" },
      ...{ operationId: "getApiDocument", tag: "Cloud" },
      summary: "This API as an OpenAPI 3.1 document",
      ...{ allows: "partner", scope: "own" },
      answers: { 200: { description: "The document", schema: AnyJson } },
      handle: () =>
        answer(200, (document ??= openApi(table(), packageVersion()))),
    }),
  ];
}
