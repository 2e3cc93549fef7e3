/**
 * A process to be killed: works on the ledger it is given until somebody does,
 * and tells on stdout what it was promised.
 */
import { Ledger } from "../../agent/ledger/ledger.js";
import { ban, NOW, positionOf } from "../support/agent/ledger.js";

const BANS_AT_ONCE = 40;

const [path = "", work = ""] = process.argv.slice(2);
const ledger = Ledger.open(path);
const start = ledger.position("urgent")?.offset ?? 0;
const tell = (offset: number) => process.stdout.write(`${offset}\n`);

tell(start);
for (let offset = start + 1; ; offset++) {
  if (work === "record") record(offset);
  else adopt(offset);
  tell(offset);
}

/** The segment at an offset bans as many ranges as every other, all its own. */
function record(offset: number): void {
  const ops = Array.from({ length: BANS_AT_ONCE }, (_, i) =>
    ban(`10.${offset >> 8}.${offset & 255}.${i}`),
  );
  ledger.record({ position: positionOf("urgent", offset), ops, now: NOW });
}

/** Every ban of the snapshot at an offset runs for that many seconds. */
function adopt(offset: number): void {
  const staging = ledger.stage("urgent");
  for (let slice = 0; slice < 20; slice++) {
    const bans = Array.from({ length: BANS_AT_ONCE }, (_, i) =>
      ban(`10.0.${slice}.${i}`, offset),
    );
    staging.add(bans, NOW);
  }
  while (staging.compare(NOW));
  staging.adopt(positionOf("urgent", offset), NOW);
  ledger.purge(NOW, 100);
}
