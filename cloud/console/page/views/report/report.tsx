import { useEffect } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Head, Nothing, Shown } from "../../parts/bits.js";
import { ChoiceField } from "../../parts/fields.js";
import { query, setQuery } from "../../router.js";
import { session } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { monthName, monthsUpTo } from "./months.js";
import { Sheet } from "./sheet.js";
import type { Month } from "./told.js";

type Org = Answers["listOrgs"]["items"][number];

/** A month of one customer, on paper or as a file: an org's people have their own. */
export function Report() {
  const own = session.value?.operator.org ?? null;
  return own === null ? <OfChosen /> : <OfOrg org={own} orgs={[]} />;
}

function OfChosen() {
  const orgs = useAsked<Page<Org>>("/orgs");
  const chosen = query.value.get("org");
  const items = orgs.data?.items ?? [];
  const org = chosen ?? items[0]?.id;
  if (org !== undefined) return <OfOrg org={org} orgs={items} />;
  return (
    <div class="view">
      <Head title="Report" />
      <Shown asked={orgs}>
        {() => (
          <Nothing>There is no customer yet, and so nothing to report.</Nothing>
        )}
      </Shown>
    </div>
  );
}

function OfOrg({
  org,
  orgs,
}: {
  readonly org: string;
  /** To choose from; none: there is no choice. */
  readonly orgs: readonly Org[];
}) {
  const months = monthsUpTo(new Date());
  const month = query.value.get("month") ?? months[0] ?? "";
  const path = apiPath(`/orgs/${encodeURIComponent(org)}/report`, { month });
  const asked = useAsked<Month>(path);
  useTitleOf(asked.data);
  return (
    <div class="view report">
      <div class="no-print">
        <Head title="Report">
          {orgs.length > 0 && (
            <ChoiceField
              label="Customer"
              value={org}
              choices={orgs.map(({ id, name }) => [id, name] as const)}
              onChange={(id) => setQuery({ org: id })}
            />
          )}
          <ChoiceField
            label="Month"
            value={month}
            choices={months.map((each) => [each, monthName(each)] as const)}
            onChange={(each) => setQuery({ month: each })}
          />
          <button
            type="button"
            class="main"
            disabled={asked.data === undefined}
            onClick={() => window.print()}
          >
            Print, or keep as PDF
          </button>
        </Head>
      </div>
      <Shown asked={asked}>{(told) => <Sheet month={told} />}</Shown>
    </div>
  );
}

/** What a browser calls the file that it prints to. */
function useTitleOf(told: Month | undefined): void {
  useEffect(() => {
    if (told === undefined) return undefined;
    const before = document.title;
    document.title = `${told.org.name}, ${monthName(told.month)} · tourniquet`;
    return () => {
      document.title = before;
    };
  }, [told?.org.name, told?.month]);
}
