import { useState } from "preact/hooks";
import { Head } from "../../parts/bits.js";
import { isVendor, may } from "../../session.js";
import { Feeds } from "./feeds.js";
import { ImportDialog } from "./import-dialog.js";
import { Imports } from "./imports.js";

/** Feeds that hosts follow, and the lists that were brought into them. */
export function Lists() {
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="view">
      <Head title="Lists">
        {may("analyst") && (
          <button type="button" class="main" onClick={() => setOpen(true)}>
            Import a list…
          </button>
        )}
      </Head>
      <p class="nothing">
        {isVendor.value
          ? "Hosts follow feeds. A list is brought into one of them, whole."
          : "Your hosts follow these feeds: everybody's, and your own. A list of yours is brought into your own, whole."}
      </p>
      <Feeds />
      <Imports />
      {isOpen && <ImportDialog onClose={() => setOpen(false)} />}
    </div>
  );
}
