import { Head } from "../../parts/bits.js";
import { isVendor } from "../../session.js";
import { AttacksPanel } from "./attacks-panel.js";
import { FleetPanel } from "./fleet-panel.js";
import { NewestPanel } from "./newest-panel.js";
import { OwnWeek } from "./own-week.js";
import { SpreadPanel } from "./spread-panel.js";
import { Waits } from "./waits.js";

/** What happens now: to all customers, or to one's own hosts. */
export function Now() {
  return (
    <div class="view now">
      <Head title="Now">
        <Waits />
      </Head>
      <div class="now-parts">
        <div class="now-main">
          {!isVendor.value && <OwnWeek />}
          <AttacksPanel />
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
