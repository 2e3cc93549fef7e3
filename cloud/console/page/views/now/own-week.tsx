import type { ComponentChildren } from "preact";
import type { Answers } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { count, counted, Panel, Shown } from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import { heldSaid } from "../../parts/held-said.js";
import { to } from "../../router.js";
import { session } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import type { FleetCount } from "../fleet/fleet-counts.js";
import type { Attacks } from "./attacks.js";

type Month = Answers["reportMonth"];

/** Milliseconds: a week changes little meanwhile. */
const EVERY = 20_000;

/** For a customer's people: what their week was, in words. */
export function OwnWeek() {
  const org = session.value?.operator.org ?? "";
  const fleet = useAsked<FleetCount>("/fleet", {
    ...{ every: EVERY, on: ["agent"] },
  });
  const attacks = useAsked<Attacks>(
    apiPath("/attacks", { per: "day", of: "dropped" }),
    { every: EVERY },
  );
  const month = useAsked<Month>(`/orgs/${encodeURIComponent(org)}/report`);
  return (
    <Panel
      title="Your hosts, this week"
      more={<a href={to("/report")}>The month as a report</a>}
    >
      <dl class="own-week">
        <Told head="Protected">
          <Shown asked={fleet}>{protectedSaid}</Shown>
        </Told>
        <Told head="Stopped">
          <Shown asked={attacks}>{stoppedSaid}</Shown>
        </Told>
        <Told head="Held back">
          <Shown asked={month}>
            {({ answered }) => <HeldBack held={answered.held} />}
          </Shown>
        </Told>
      </dl>
    </Panel>
  );
}

function Told({
  head,
  children,
}: {
  readonly head: string;
  readonly children: ComponentChildren;
}) {
  return (
    <div>
      <dt>{head}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function protectedSaid({ hosts, online, cells }: FleetCount): string {
  if (hosts === 0) return "None of your hosts is enrolled yet.";
  const stopping = cells
    .filter(({ mode, state }) => mode === "enforce" && state !== "revoked")
    .reduce((sum, each) => sum + each.hosts, 0);
  const some = [
    ...(stopping < hosts
      ? [
          hosts - stopping === 1
            ? "1 only counts it, or has yet to begin"
            : `${count(hosts - stopping)} only count it, or have yet to begin`,
        ]
      : []),
    ...(online < hosts ? [`${count(hosts - online)} cannot be reached`] : []),
  ];
  const all = `${count(stopping)} of your ${counted(hosts, "host")} stop what is banned`;
  return `${[all, ...some].join("; ")}.`;
}

const WEEK = 7;
const COUNTRIES = 3;

const sum = (counts: readonly number[]): number =>
  counts.reduce((before, each) => before + each, 0);

function stoppedSaid({ buckets, byCountry, countries }: Attacks): string {
  const week = buckets.slice(-WEEK);
  const dropped = sum(week.map((day) => day.dropped));
  const failures = sum(week.map((day) => day.failures));
  const attackers = sum(week.map((day) => day.attackers));
  const from = byCountry.top
    .map(({ name, counts }) => ({ name, many: sum(counts.slice(-WEEK)) }))
    .filter(({ name, many }) => name !== null && name !== "" && many > 0)
    .sort((a, b) => b.many - a.many)
    .slice(0, COUNTRIES)
    .map(({ name }) => countryName(name));
  const where =
    countries.source === null || from.length === 0
      ? ""
      : `, most from ${LISTED.format(from)}`;
  return `${counted(dropped, "packet")} of banned attackers${where}. ${counted(failures, "log-in")} failed, by ${counted(attackers, "new attacker")}.`;
}

const LISTED = new Intl.ListFormat("en");

const A_FEW = 4;

/** Of the month that goes on: it is looked up on every host, and seldom. */
function HeldBack({ held }: { readonly held: Month["answered"]["held"] }) {
  if (held.length === 0) return <>Nothing this month: hosts carried out all.</>;
  return (
    <ul>
      {held.slice(0, A_FEW).map(({ rule, hosts, bans }) => (
        <li key={rule}>
          {counted(bans, "ban")}, on {counted(hosts, "host")}: {heldSaid(rule)}
        </li>
      ))}
      {held.length > A_FEW && (
        <li>and for {counted(held.length - A_FEW, "other reason")}</li>
      )}
    </ul>
  );
}
