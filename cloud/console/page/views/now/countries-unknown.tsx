import type { Answers } from "../../api-types.js";
import { Nothing } from "../../parts/bits.js";
import { isVendor } from "../../session.js";

/** That no country is known, and what to do about it. */
export function CountriesUnknown({
  countries: { trouble },
}: {
  readonly countries: Answers["countAttacks"]["countries"];
}) {
  return (
    <Nothing>
      From which countries is not known: this cloud has no file of them.
      {isVendor.value && (
        <>
          {" "}
          Set <code>countries</code> in its settings to one in MaxMind’s format
          (.mmdb), such as DB-IP Lite.
        </>
      )}
      {trouble !== null && ` ${trouble}`}
    </Nothing>
  );
}
