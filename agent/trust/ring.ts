import { sha256 } from "../protocol/sha256.js";
import type { Ring } from "../model/rings.js";

/** The ring that a host belongs to for good: nobody has to keep a list. */
export function ringOf(agent: string): Ring {
  const drawn = sha256(Buffer.from(agent)).readUInt32BE(0) / 2 ** 32;
  if (drawn < CANARY) return "canary";
  if (drawn < EARLY) return "early";
  return drawn < BROAD ? "broad" : "all";
}

/** 1 % of all hosts, the next 9 %, the next 40 %; the rest follows. */
const CANARY = 0.01;
const EARLY = 0.1;
const BROAD = 0.5;
