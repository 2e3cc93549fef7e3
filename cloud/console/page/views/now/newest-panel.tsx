import type { Answers } from "../../api-types.js";
import { apiPath } from "../../api.js";
import {
  Badge,
  count,
  counted,
  Nothing,
  Panel,
  Shown,
} from "../../parts/bits.js";
import { countryName } from "../../parts/country.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { useStill } from "./still.js";

type Attackers = Answers["listAttackers"];
type Attacker = Attackers["items"][number];

/** Milliseconds. */
const EVERY = 2_000;

const A_FEW = 10;

const keyOf = ({ name }: Attacker): string => name ?? "";

/** Who was seen last, each with the way to all that is known of them. */
export function NewestPanel() {
  const asked = useAsked<Attackers>(
    apiPath("/attackers", { sort: "last", limit: A_FEW }),
    { every: EVERY, on: ["decided", "undone"] },
  );
  const { rows, newer, held } = useStill(asked.data?.items ?? [], keyOf);
  return (
    <Panel
      title="Attackers, those seen last"
      more={
        <>
          <a href={to("/attackers")}>All attackers</a>
          <span class="faint">{newer}</span>
        </>
      }
    >
      <div class="newest" {...held}>
        <Shown asked={asked}>
          {() =>
            rows.length === 0 ? (
              <Nothing>
                Nobody was seen yet. Hosts’ sensors report attackers as they
                come.
              </Nothing>
            ) : (
              <ul>
                {rows.map((each) => (
                  <Row key={each.name} attacker={each} />
                ))}
              </ul>
            )
          }
        </Shown>
      </div>
    </Panel>
  );
}

function Row({ attacker }: { readonly attacker: Attacker }) {
  const { name, banned, lastSeen } = attacker;
  return (
    <li>
      <a class="mono" href={to("/address", { of: name ?? "" })}>
        {name}
      </a>
      {banned === null ? (
        <Badge tone="warn">not banned</Badge>
      ) : (
        <Badge tone="good">{banned.observed ? "counted" : "banned"}</Badge>
      )}
      <span class="faint number">
        <Time at={lastSeen} />
      </span>
      <span class="faint newest-said">{saidOf(attacker)}</span>
    </li>
  );
}

/** From where, and whom they tried how often. */
function saidOf(attacker: Attacker): string {
  const { country, failures, packets, orgCount, orgs } = attacker;
  const where = country === null ? [] : [countryName(country)];
  const tried =
    failures > 0
      ? counted(failures, "failed log-in")
      : `${count(packets)} packets`;
  const customers = orgCount ?? orgs.length;
  const whom =
    isVendor.value && customers > 0 ? [counted(customers, "customer")] : [];
  return [...where, tried, ...whom].join(" · ");
}
