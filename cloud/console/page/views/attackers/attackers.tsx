import { ATTACKERS } from "../../../../query/lists/attackers.js";
import { countriesSaid } from "../../parts/country.js";
import { ListView } from "../../parts/list-view.js";
import { PartLinks, shownPart, type Part } from "../../parts/part-links.js";
import { localDay } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { ADDRESS_COLUMNS, groupColumns } from "./attacker-columns.js";
import {
  groupQuery,
  groupingOf,
  type Attacker,
  type AttackersPage,
} from "./groupings.js";

/** Hosts tell of attackers all the time. */
const STALE_AFTER_MS = 20_000;

/** Whom hosts saw, one by one or by what they share. */
export function Attackers() {
  const by = groupingOf(shownPart());
  const columns = by === "address" ? ADDRESS_COLUMNS : groupColumns(by);
  return (
    <ListView<Attacker, AttackersPage>
      key={by}
      title="Attackers"
      path="/attackers"
      list={ATTACKERS}
      columns={isVendor.value ? columns : columns.filter(isForCustomers)}
      keyOf={({ name }) => name ?? ""}
      hrefOf={({ name }) =>
        by === "address"
          ? to("/address", { of: name ?? "" })
          : to("/attackers", { q: groupQuery(by, name) })
      }
      more={{ by }}
      downBy="last"
      on={["decided", "undone"]}
      staleAfterMs={STALE_AFTER_MS}
      note={(page) => <Note page={page} />}
      nothing="No attacker is like that. Hosts tell of failed log-ins and other signs, and of packets that bans stop."
    >
      <PartLinks label="One by one, or together" of={partsOf()} keeps={["q"]} />
    </ListView>
  );
}

const isForCustomers = ({ id }: { readonly id: string }): boolean =>
  id !== "orgs";

const partsOf = (): readonly Part[] => [
  { name: "Addresses", show: "" },
  { name: "Networks", show: "net" },
  { name: "Countries", show: "country" },
  ...(isVendor.value ? [{ name: "Customers", show: "org" }] : []),
];

function Note({
  page: { isWhole, countries },
}: {
  readonly page: AttackersPage;
}) {
  return (
    <p class="nothing">
      {!isWhole &&
        "There are too many to look at all of them: these numbers are of those seen last. "}
      {countriesSaid(countries, localDay)}
    </p>
  );
}
