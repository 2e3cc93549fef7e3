import { NotEnforced, type Enforcer } from "../enforce/enforcer.js";

/** Nothing is changed while the agent is in safe mode. */
export class EnforcementSuspended extends NotEnforced {
  constructor() {
    super("the agent is in safe mode and leaves the kernel as it is");
  }
}

/** The kernel as it is: it can be read, and nothing can be changed in it. */
export function readOnly(enforcer: Enforcer): Enforcer {
  const refuse = () => Promise.reject(new EnforcementSuspended());
  return {
    read: () => enforcer.read(),
    apply: refuse,
    rebuild: refuse,
    setPosture: refuse,
    repairScaffold: refuse,
    protect: () => Promise.resolve(),
    hasBan: (cidrs) => enforcer.hasBan(cidrs),
    wouldDrop: (addresses) => enforcer.wouldDrop(addresses),
    rejects: enforcer.rejects,
    hits: () => enforcer.hits(),
    totals: () => enforcer.totals(),
    makeRoom: refuse,
    packetCount: (packets) => enforcer.packetCount(packets),
    inspect: () => enforcer.inspect(),
    compare: (label, entries) => enforcer.compare(label, entries),
    listEntries: (listing) => enforcer.listEntries(listing),
    watch: (watcher) => enforcer.watch(watcher),
    told: enforcer.told,
    cleanUp: refuse,
    [Symbol.asyncDispose]: () => enforcer[Symbol.asyncDispose](),
  };
}
