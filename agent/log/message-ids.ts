/** What an administrator may look for in the journal, and what there is to say of it. */
export interface KnownMessage {
  /** 128 random bits, once and for all: who matches it, matches it for ever. */
  readonly id: string;
  /** The message that is logged, up to its first colon. */
  readonly message: string;
  readonly subject: string;
  /** What it means, and what to do; `@NAME@` stands for a field of the entry. */
  readonly text: string;
}

/** By its message; undefined where nobody need match it. */
export const knownMessage = (message: string): KnownMessage | undefined =>
  BY_MESSAGE.get(message.split(": ", 1)[0] ?? "");

const STAYS = "Bans that are in force stay so until they expire.";

/** An id is never another message's; one that is gone stays unused. */
export const knownMessages: readonly KnownMessage[] = [
  {
    id: "90df3f7413d816185e4a0226668ad962",
    message: "the kernel holds what the ledger says",
    subject: "The bans of the ledger are in force",
    text: "The agent has started, and the kernel drops what the ledger (revision @TOURNIQUET_REVISION@) bans. Nothing is to be done.",
  },
  {
    id: "5f8c6eb64c786cefb8c72eac0e794cb4",
    message: "stopping; bans stay in the kernel",
    subject: "The agent stops",
    text: `${STAYS} No new ones come, and nobody watches over them.\nTo start it again: systemctl start tourniquet`,
  },
  {
    id: "e7f06fe03b7d6d0c60c39c3d04d5bdd5",
    message: "this host",
    subject: "What this host does with its bans has changed",
    text: "tourniquet status says the same, with what mends it where not all that is banned is dropped.",
  },
  {
    id: "e7d29051d966e4775c980a0ebf8200e0",
    message: "in force",
    subject: "Bans or lifts of feed @TOURNIQUET_FEED@ are in force",
    text: "@TOURNIQUET_BANNED@ banned, @TOURNIQUET_LIFTED@ lifted, @TOURNIQUET_HELD@ held by this host's guard. To see which: tourniquet history",
  },
  {
    id: "2a522102906e695f043a9c1d752eba87",
    message: "bans were held by a guard",
    subject: "This host refuses bans of feed @TOURNIQUET_FEED@",
    text: "@TOURNIQUET_TOTAL@ bans would have touched what this host protects, or go beyond what a feed may do here. They are not in force.\nTo see which, and why: tourniquet bans --held",
  },
  {
    id: "50f7f131057a29afb04995c14110833d",
    message: "refused what the cloud sent",
    subject: "What the cloud sent is not believed",
    text: `@TOURNIQUET_DETAIL@. A signature, a date or an order is wrong: it may be a mistake of the cloud's, or somebody in between. ${STAYS}\nTell who runs the cloud, with this entry.`,
  },
  {
    id: "9bd09b9de796411684dfd030dd7b0882",
    message: "the cloud contradicts what it signed before",
    subject: "The cloud has signed two things that cannot both be true",
    text: "@TOURNIQUET_WHAT@. Its keys may be in others' hands. What is in force stays.\nTell who runs the cloud at once, by another way than the cloud.",
  },
  {
    id: "6986cc4d8ba90b3742b0f71bb3ac99f4",
    message: "an attack on this host",
    subject: "A sensor of this host saw an attack",
    text: "@TOURNIQUET_SENSOR@ counted @TOURNIQUET_COUNT@ failures of @TOURNIQUET_SOURCE@, and this came of it: @TOURNIQUET_ACTION@.\nTo end the ban: tourniquet lift @TOURNIQUET_SOURCE@; to ban it never again: tourniquet allow @TOURNIQUET_SOURCE@",
  },
  {
    id: "cf0b2d8dee16a7a178e9b713996e82b9",
    message: "a banned address was called",
    subject: "A process of this host called a banned address",
    text: "The call was stopped, or is only observed. The process may be an intruder's.\nTo see which: tourniquet hits --out",
  },
  {
    id: "079a2be842c4149bfdce4b0d3211aa7e",
    message: "connected to the cloud",
    subject: "The cloud is heard",
    text: "New bans come from @TOURNIQUET_CLOUD@ at @TOURNIQUET_ADDRESS@. Nothing is to be done.",
  },
  {
    id: "fb7aec5aea9bb88fb98b3da583ac466e",
    message: "no connection to the cloud; bans stay in force",
    subject: "The cloud is not reached",
    text: `@TOURNIQUET_WHY@. It is tried again by itself. ${STAYS}\nTo look for the cause: tourniquet doctor`,
  },
  {
    id: "876a9c7b60510046c7266e7a5f3cfa9d",
    message: "the bans in the kernel were disturbed, and are put right",
    subject: "Somebody changed the bans in the kernel; they are put right",
    text: "@TOURNIQUET_WHAT@. Another tool, or a person, changed table inet tourniquet.\nIf it comes again, see which tool reloads its rules with: flush ruleset",
  },
  {
    id: "f4db6b72088abe1d16f6fc078a4f58eb",
    message: "the bans in the kernel were disturbed",
    subject:
      "Somebody changed the bans in the kernel; they are not put right yet",
    text: "@TOURNIQUET_WHAT@: @TOURNIQUET_WHY@. It is tried again by itself.\nTo see whether it succeeds: tourniquet status",
  },
  {
    id: "b198650cdc597516fbde57d05db8ac73",
    message: "the kernel does not hold what the ledger says",
    subject: "Not all that is banned is dropped",
    text: "@TOURNIQUET_WHY@. It is tried again by itself.\nTo look for the cause: tourniquet doctor",
  },
  {
    id: "f52a36a8e76aad20164bf40c1028de8b",
    message: "packets to a banned address are not stopped",
    subject: "A packet to a banned address went on its way",
    text: "@TOURNIQUET_WHY@. The bans are in the kernel, and something lets packets pass before they meet them.\nTo see on which ways: tourniquet selftest",
  },
  {
    id: "2063936c04b92872f742d929a5c49737",
    message: "the ledger was damaged; started a new one",
    subject: "The ledger was damaged",
    text: "@TOURNIQUET_WHY@. What it held is kept at @TOURNIQUET_PATH@, and the bans in the kernel stay until the cloud has told them again.\nSee the disk's health.",
  },
  {
    id: "d5bc8977c1ac7886808b312dc6d74d3b",
    message: "the state folder has no room for new bans",
    subject: "The disk is full",
    text: `New bans are refused. ${STAYS}\nMake room on the file system of /var/lib/tourniquet.`,
  },
  {
    id: "75b77afb3bdac20ebf713e6c065dce22",
    message: "crashed again and again; leaving everything as it is",
    subject:
      "The agent has crashed several times, and changes nothing for a while",
    text: `${STAYS} Nothing new comes for @TOURNIQUET_LASTS_SECONDS@ seconds.\nSend your vendor what this makes: tourniquet diagnose`,
  },
  {
    id: "315451047dbc5cb5aab14d705fc91b06",
    message: "a change did harm, or may have, and was taken back",
    subject: "A large or wide change of feed @TOURNIQUET_FEED@ was taken back",
    text: "@TOURNIQUET_WHY@. While it was on trial, this host was worse off than before.\nTell who decided it; to see it: tourniquet history",
  },
  {
    id: "181108ead20e78712a40e39d8fd595eb",
    message: "the configuration was read anew",
    subject: "The configuration was read anew",
    text: "It counts now: @TOURNIQUET_CHANGED@. It waits for the next start: @TOURNIQUET_NEEDS_RESTART@.",
  },
  {
    id: "0f6e6abcc015dd90112e79aaf517eccf",
    message: "the configuration is refused, the one before counts",
    subject: "The configuration is refused",
    text: "@TOURNIQUET_WHY@. What counted before goes on to count.\nMend that line, then: tourniquet config check && systemctl reload tourniquet",
  },
  {
    id: "91f4568b0e24a42e078f1b03a59ab8bb",
    message: "the configuration is refused, the last good one counts",
    subject: "The agent started with the last good configuration",
    text: "@TOURNIQUET_WHY@. What counted on @TOURNIQUET_LAST_GOOD@ goes on to count.\nMend that line, then: tourniquet config check && systemctl reload tourniquet",
  },
  {
    id: "d41e13bbd487e2a6d5138ec8c5146b95",
    message: "this host was given an order over the control socket",
    subject: "Somebody at this host gave an order",
    text: "@TOURNIQUET_WHAT@, by @TOURNIQUET_BY@. To see all orders, and take them back: tourniquet history, tourniquet rollback",
  },
  {
    id: "ffa0dc4d01042896c589e4b2cf5c2a9d",
    message: "something is wrong",
    subject: "Something is wrong with this host's protection",
    text: "@TOURNIQUET_CODE@: @TOURNIQUET_TEXT@.\nTo see what mends it: tourniquet status",
  },
];

const BY_MESSAGE: ReadonlyMap<string, KnownMessage> = new Map(
  knownMessages.map((known) => [known.message, known]),
);

/** The same for `journalctl -x`, as systemd's catalogue has it. */
export const catalogueText = (): string =>
  knownMessages
    .map(({ id, subject, text }) =>
      [
        `-- ${id}`,
        `Subject: ${subject}`,
        "Defined-By: tourniquet",
        "Support: man:tourniquet(8)",
        "",
        ...text.split("\n"),
        "",
      ].join("\n"),
    )
    .join("\n");

/** Of a field of a log entry, in the journal: "lastsSeconds" is TOURNIQUET_LASTS_SECONDS. */
export const journalField = (name: string): string =>
  `TOURNIQUET_${name.replaceAll(/([A-Z])/g, "_$1").replaceAll(/\W/g, "_")}`
    .toUpperCase()
    .slice(0, 64);
