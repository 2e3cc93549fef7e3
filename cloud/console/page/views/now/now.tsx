import { apiPath } from "../../api.js";
import { Head } from "../../parts/bits.js";
import { isVendor } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { AttacksPanel, type Attacks } from "./attacks-panel.js";
import { FleetPanel } from "./fleet-panel.js";
import { NewestPanel } from "./newest-panel.js";
import { OwnWeek } from "./own-week.js";
import { SpreadPanel } from "./spread-panel.js";
import { Waits } from "./waits.js";

/** Milliseconds. */
const EVERY = 5_000;

/** Countries that are told apart: those on the map. */
const MOST_APART = 50;

/** What happens now: to all customers, or to one's own hosts. */
export function Now() {
  const attacks = useAsked<Attacks>(
    apiPath("/attacks", { per: "minute", of: "failures", top: MOST_APART }),
    { every: EVERY },
  );
  return (
    <div class="view now">
      <Head title="Now">
        <Waits />
      </Head>
      <div class="now-parts">
        <div class="now-main">
          {!isVendor.value && <OwnWeek />}
          <AttacksPanel asked={attacks} />
          <SpreadPanel />
        </div>
        <div class="now-beside">
          <NewestPanel />
          <FleetPanel />
        </div>
      </div>
    </div>
  );
}
