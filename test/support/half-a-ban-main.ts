import { measure } from "../../service/selftest/measure.js";
import { sayLast } from "../../service/selftest/sandbox.js";
import { Stage } from "../../service/selftest/stage.js";
import { openTourniquet } from "../../service/selftest/tourniquet.js";

/** On a stage of its own: a ban that forgets IPv6. */
await sayLast(async () => {
  const tourniquet = await openTourniquet("nftables");
  return measure(await Stage.build(), {
    name: "a ban of IPv4 alone",
    ready: () => tourniquet.ready(),
    ban: (addresses) =>
      tourniquet.ban(addresses.filter(({ family }) => family === 4)),
    lift: (addresses) => tourniquet.lift(addresses),
  });
});
