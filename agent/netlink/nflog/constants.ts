/** linux/netfilter/nfnetlink_log.h, as far as it is used. */

export const NFNL_SUBSYS_ULOG = 4;

export const NFULNL_MSG = { PACKET: 0, CONFIG: 1 } as const;

export const NFULA_CFG = { CMD: 1, MODE: 2 } as const;
export const NFULNL_CFG_CMD_BIND = 1;
export const NFULNL_COPY_PACKET = 2;

export const NFULA = {
  IFINDEX_INDEV: 4,
  PAYLOAD: 9,
  PREFIX: 10,
  UID: 11,
} as const;
