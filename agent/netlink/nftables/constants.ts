/** linux/netfilter.h, nfnetlink.h and nf_tables.h, as far as they are used. */

export const NFNL_SUBSYS_NFTABLES = 10;
/** The multicast group that is told of every change. */
export const NFNLGRP_NFTABLES = 7;

export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;
export const NFPROTO_IPV6 = 10;

export const HOOK = { PREROUTING: 0, OUTPUT: 3, POSTROUTING: 4 } as const;

export const NFT_MSG = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  GETCHAIN: 4,
  DELCHAIN: 5,
  NEWRULE: 6,
  GETRULE: 7,
  DELRULE: 8,
  NEWSET: 9,
  GETSET: 10,
  DELSET: 11,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  DELSETELEM: 14,
  NEWGEN: 15,
  GETGEN: 16,
  NEWOBJ: 18,
  GETOBJ: 19,
  DELOBJ: 20,
} as const;

export const VERDICT = {
  DROP: 0,
  ACCEPT: 1,
  JUMP: -3,
  GOTO: -4,
  RETURN: -5,
} as const;

export const NFTA_LIST_ELEM = 1;

/** Who made a change: a process by its number in the machine, and its name. */
export const NFTA_GEN = { ID: 1, PROC_PID: 2, PROC_NAME: 3 } as const;

export const NFTA_TABLE = { NAME: 1, FLAGS: 2 } as const;

export const NFTA_CHAIN = {
  TABLE: 1,
  NAME: 3,
  HOOK: 4,
  POLICY: 5,
  TYPE: 7,
} as const;
export const NFTA_HOOK = { NUMBER: 1, PRIORITY: 2 } as const;

export const NFTA_RULE = { TABLE: 1, CHAIN: 2, EXPRESSIONS: 4 } as const;

export const NFTA_SET = {
  TABLE: 1,
  NAME: 2,
  FLAGS: 3,
  KEY_TYPE: 4,
  KEY_LENGTH: 5,
  DESCRIPTION: 9,
  ID: 10,
  TIMEOUT: 11,
  /** How many elements it has; not before Linux 6.16. */
  COUNT: 20,
} as const;
export const NFTA_SET_DESC_SIZE = 1;

export const SET_FLAG = {
  INTERVAL: 0x4,
  TIMEOUT: 0x10,
  DYNAMIC: 0x20,
} as const;

export const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
export const NFTA_SET_ELEM = {
  KEY: 1,
  FLAGS: 3,
  TIMEOUT: 4,
  EXPIRATION: 5,
  EXPRESSION: 7,
  EXPRESSIONS: 11,
} as const;
export const NFT_SET_ELEM_INTERVAL_END = 1;

export const NFTA_EXPR = { NAME: 1, DATA: 2 } as const;
export const NFTA_DATA = { VALUE: 1, VERDICT: 2 } as const;
export const NFTA_VERDICT = { CODE: 1, CHAIN: 2 } as const;

export const NFTA_META = { REGISTER: 1, KEY: 2 } as const;
export const META = {
  IIF: 4,
  OIF: 5,
  NFPROTO: 15,
  L4PROTO: 16,
  RANDOM: 24,
} as const;

export const NFTA_CMP = { REGISTER: 1, OPERATION: 2, DATA: 3 } as const;
export const CMP_EQUAL = 0;
export const CMP_NOT_EQUAL = 1;

export const NFTA_PAYLOAD = {
  REGISTER: 1,
  BASE: 2,
  OFFSET: 3,
  LENGTH: 4,
} as const;
export const HEADER = { NETWORK: 1, TRANSPORT: 2 } as const;

export const NFTA_BITWISE = {
  SOURCE: 1,
  REGISTER: 2,
  LENGTH: 3,
  MASK: 4,
  XOR: 5,
  OPERATION: 6,
} as const;
export const BITWISE_MASK_XOR = 0;

export const NFTA_LOOKUP = { SET: 1, REGISTER: 2, FLAGS: 5 } as const;
export const LOOKUP_INVERTED = 1;

export const NFTA_IMMEDIATE = { REGISTER: 1, DATA: 2 } as const;

export const NFTA_DYNSET = {
  SET: 1,
  OPERATION: 3,
  KEY_REGISTER: 4,
  EXPRESSION: 7,
} as const;
export const DYNSET_UPDATE = 1;

export const NFTA_FIB = { REGISTER: 1, RESULT: 2, FLAGS: 3 } as const;
export const FIB = { ADDRESS_TYPE: 3, DESTINATION: 2 } as const;

export const NFTA_REJECT = { TYPE: 1, CODE: 2 } as const;
export const REJECT = {
  TCP_RESET: 1,
  /** ICMP or ICMPv6, as the packet is. */
  ICMPX_UNREACHABLE: 2,
  ICMPX_ADMIN_PROHIBITED: 3,
} as const;

export const NFTA_NAT = {
  TYPE: 1,
  FAMILY: 2,
  ADDRESS_REGISTER: 3,
  PORT_REGISTER: 5,
  FLAGS: 7,
} as const;
export const NAT_DESTINATION = 1;
export const NAT_HAS_PORT = 2;

export const NFTA_LIMIT = {
  RATE: 1,
  UNIT: 2,
  BURST: 3,
  TYPE: 4,
  FLAGS: 5,
} as const;
export const LIMIT_PACKETS = 0;
/** Matches what is over the rate, and not what is under it. */
export const LIMIT_OVER = 1;

export const NFTA_LOG = { GROUP: 1, PREFIX: 2, BYTES: 3, QUEUED: 4 } as const;

export const NFTA_COUNTER = { BYTES: 1, PACKETS: 2 } as const;

/** What has a name of its own, apart from the rules that use it. */
export const NFTA_OBJ = { TABLE: 1, NAME: 2, TYPE: 3, DATA: 4 } as const;
export const NFT_OBJECT_COUNTER = 1;
export const NFTA_OBJREF = { TYPE: 1, NAME: 2 } as const;

/** How `nft` shows keys; several make a concatenation. */
export const KEY_TYPE = {
  IPV4: 7,
  IPV6: 8,
  PROTOCOL: 12,
  PORT: 13,
  MARK: 19,
  DEVICE: 20,
  ADDRESS_TYPE: 38,
} as const;

/** Where verdicts go, and where values go unless another is named. */
export const REGISTER = { VERDICT: 0, FIRST: 1 } as const;

/**
 * The register that lies so many bytes after the first: a concatenation fills
 * several. Those of 16 bytes count from 1, those of 4 bytes from 8.
 */
export const registerAt = (bytes: number): number =>
  bytes % 16 === 0 ? REGISTER.FIRST + bytes / 16 : 8 + bytes / 4;
