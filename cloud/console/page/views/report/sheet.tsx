import type { ComponentChildren } from "preact";

import { count, counted } from "../../parts/bits.js";
import { ByCountry, TopAttackers } from "./attackers.js";
import { DayChart } from "./day-chart.js";
import { Bans, Coverage, Held, Times } from "./decided.js";
import { Contests, Hosts } from "./hosts.js";
import { dayName, monthName } from "./months.js";
import type { Month } from "./told.js";

/** The report as it is printed. */
export function Sheet({ month }: { readonly month: Month }) {
  return (
    <article class="sheet" aria-label={`Report of ${month.org.name}`}>
      <SheetHead month={month} />
      <Summary month={month} />
      <Kept month={month} />
      <Section title="Attacks, day by day">
        <div class="charts">
          <DayChart
            label="Log-ins that failed"
            days={month.attacks.byDay}
            of={({ failures }) => failures}
          />
          <DayChart
            label="Packets that were stopped"
            days={month.attacks.byDay}
            of={({ dropped }) => dropped}
          />
        </div>
      </Section>
      <Section title="From where">
        <ByCountry month={month} />
      </Section>
      <Section title="Who attacked the most">
        <TopAttackers month={month} />
      </Section>
      <Section title="What was decided">
        <Bans month={month} />
      </Section>
      <Section title="How fast it was in force">
        <Times answered={month.answered} />
      </Section>
      <Section title="On how many hosts">
        <Coverage answered={month.answered} />
      </Section>
      <Section title="What hosts held back, and why">
        <Held answered={month.answered} />
      </Section>
      <Section title="Bans that somebody called wrong">
        <Contests contests={month.contests} />
      </Section>
      <Section title="Hosts that are not well">
        <Hosts month={month} />
      </Section>
      <footer class="sheet-foot">
        {month.org.name}, {monthName(month.month)}. Days and months are of UTC.
        Made on {dayName(month.madeAt)} by tourniquet.
      </footer>
    </article>
  );
}

function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function SheetHead({ month }: { readonly month: Month }) {
  return (
    <header class="sheet-head">
      <div>
        <h2>{month.org.name}</h2>
        <p>Protection against attacks in {monthName(month.month)}</p>
      </div>
      <p class="sheet-brand">
        <span class="brand-mark" aria-hidden="true" /> tourniquet
      </p>
    </header>
  );
}

/** What one would like to know first. */
function Summary({ month }: { readonly month: Month }) {
  const { attacks, attackers, decided, hosts } = month;
  const { dropped, failures } = attacks.totals;
  const figures: readonly (readonly [number, string])[] = [
    [dropped, "packets of banned addresses were stopped"],
    [failures, "log-ins failed that hosts saw"],
    [attackers.seen, "attackers were seen"],
    [decided.bans + decided.lists, "decisions to ban"],
  ];
  return (
    <section aria-label="In short">
      <ul class="sheet-figures">
        {figures.map(([many, says]) => (
          <li key={says}>
            <strong>{count(many)}</strong> {says}
          </li>
        ))}
      </ul>
      <p>
        {counted(hosts.all, "host is", "hosts are")} protected,{" "}
        {count(hosts.online)} of them connected now.
      </p>
    </section>
  );
}

/** Since when is known what the report tells of. */
function Kept({ month }: { readonly month: Month }) {
  const { from, to, isOver, madeAt, keptSince, isWhole } = month;
  const { attacks, answers } = keptSince;
  const doubts = [
    ...(isOver ? [] : [`The month goes on: this is as of ${dayName(madeAt)}.`]),
    ...(attacks === null
      ? ["No host has told of an attack yet."]
      : attacks > from
        ? [
            `What hosts saw is kept since ${dayName(attacks)}; of before, nothing is known.`,
          ]
        : []),
    ...(answers > from
      ? [
          answers >= to
            ? "What hosts answered in this month is not kept any more."
            : `What hosts answered is kept since ${dayName(answers)}.`,
        ]
      : []),
    ...(isWhole ? [] : ["There were more bans than could be looked at."]),
  ];
  if (doubts.length === 0) return null;
  return <p class="sheet-note">{doubts.join(" ")}</p>;
}
