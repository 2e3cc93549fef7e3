import { DEFAULT_POSTURE } from "../../../agent/enforce/enforcer.js";
import { measure } from "../../../service/selftest/measure.js";
import { sayLast } from "../../../service/selftest/stage/sandbox.js";
import { Stage } from "../../../service/selftest/stage/stage.js";
import { openTourniquet } from "../../../service/selftest/stage/tourniquet.js";

const OBSERVING = { mode: "observe", egress: "drop" } as const;

/** On a stage of its own: a ban that only observes, or that forgets a family. */
await sayLast(async () => {
  const [, , half] = process.argv;
  const tourniquet = await openTourniquet({
    backend: "nftables",
    posture: half === "observing" ? OBSERVING : DEFAULT_POSTURE,
  });
  return measure(await Stage.build(), {
    name: "half a ban",
    ready: () => tourniquet.ready(),
    ban: (addresses) =>
      tourniquet.ban(
        addresses.filter(({ family }) => half === "observing" || family === 4),
      ),
    lift: (addresses) => tourniquet.lift(addresses),
  });
});
