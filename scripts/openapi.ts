import { writeFileSync } from "node:fs";
import type { OperatorApiPorts } from "../cloud/api/ports.js";
import { routeTable } from "../cloud/api/routes/table.js";
import { openApi } from "../cloud/api/table/openapi.js";
import { packageVersion } from "../cloud/version.js";

/** Writes down what the table of routes says: docs/openapi.json. */
const document = openApi(routeTable({} as OperatorApiPorts), packageVersion());
writeFileSync("docs/openapi.json", `${JSON.stringify(document, null, 2)}\n`);
