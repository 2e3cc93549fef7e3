import { join } from "node:path";
import { SqliteObservations } from "../../../cloud/journal/sqlite-observations.js";
import { itKeepsObservations } from "./observations-contract.js";

itKeepsObservations({
  name: "SQLite",
  open: (folder, clock, disk) =>
    SqliteObservations.open(join(folder, "observations.db"), clock, disk),
});
