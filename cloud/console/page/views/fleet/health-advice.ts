/** What a person may do about what is wrong with a host, by its code. */
export const healthAdvice = (code: string): string =>
  ADVICE[code] ?? "See the log of the agent on that host.";

const ADVICE: Readonly<Record<string, string>> = {
  "not-enforcing":
    "The agent goes on trying. On the host, see journalctl -u tourniquet.",
  "not-proven":
    "Something lets packets pass before the bans. On the host, run tourniquet selftest.",
  "safe-mode":
    "It comes back by itself after a while. What it died over stands in its log.",
  poison: "Tell the vendor: what it is was kept on the host, and does no harm.",
  "disk-full": "Make room in the agent's state folder.",
  "disk-reserve": "Make room in the agent's state folder, before it is full.",
  "ledger-quarantined":
    "Look at the disk: files do not damage themselves. Bans come anew from the cloud.",
  "banned-contacted":
    "Look at the process that calls: it may work for an attacker. See its contacts below.",
  "cloud-unreachable": "Look at the host's way to the cloud; bans stay.",
  "link-downgraded":
    "Somebody between the host and the cloud may change what they say. Look at that path.",
  "feed-forked":
    "Ask the vendor at once: the cloud signed two things that cannot both be true.",
  "log-forked":
    "Ask the vendor at once: what was decided is shown otherwise than before.",
  "root-expired": "The vendor has to publish a new root.",
  "root-expiring": "The vendor has to publish a new root soon.",
  "feed-stale": "Look at the cloud's status, and at the host's way to it.",
  "sensor-blind":
    "Log-ins would not be noticed. On the host, see what the service writes to its log.",
  "sensor-unreadable":
    "The log is not where it is looked for. See the sensor's setting on the host.",
  "sensor-unconfirmed":
    "Anybody may write to that log, so it bans nobody by itself. Read the journal instead.",
  "spool-quarantined": "Look at the disk of the host.",
  "spool-failing": "Look at the disk of the host.",
  "ruleset-disturbed":
    "The bans were put back. See which program changed the kernel's tables.",
  "ruleset-contested":
    "Another program undoes the bans again and again: have it leave our table alone.",
  "change-taken-back":
    "Look at the decision before it is given again: this host did not live well with it.",
  "clock-jumped": "See whether the host slept, and how it keeps its time.",
  observing: "The host's operator ends it with: tourniquet enforce",
  paused: "It ends by itself; before that with: tourniquet enforce",
  "released-wide": "Ask the host's operator whether it is meant.",
  "bans-withheld": "The host's operator decides when they come back.",
  "bans-held":
    "The host's guard keeps what must not be banned; see its policy.",
  "egress-dropped": "Nothing needs to be done; programs just wait for longer.",
  "proof-missing": "On the host, run tourniquet selftest.",
  "paths-uncovered":
    "Guests of this host may not be protected. On the host, run tourniquet selftest.",
  "hits-crowded": "Nothing needs to be done; sums are still whole.",
  "log-unproven": "Look at the host's way to the cloud.",
  "spool-full": "Look at the host's way to the cloud, and how much it reports.",
  cloned:
    "Find the second process: a restored backup, a copied disk, or somebody with its key. Then revoke it, or say that it was seen to.",
  "telemetry-waits": "See what it reports so much of: an attack, or a fault.",
  "telemetry-lost": "See why it could not report for so long.",
};
