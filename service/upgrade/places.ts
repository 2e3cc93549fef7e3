import { join } from "node:path";

/** What an upgrade keeps within the state folder until it has come to its end. */
export const placesIn = (stateDir: string) => {
  const folder = join(stateDir, "former");
  return {
    folder,
    /** The ledger as it was before. */
    ledger: join(folder, "ledger.db"),
    identity: join(folder, "identity.json"),
    /** How the host was before, for whoever judges the next program. */
    before: join(folder, "before.json"),
    /** Another program may have changed the state since the copy was made. */
    tried: join(folder, "tried"),
  };
};
