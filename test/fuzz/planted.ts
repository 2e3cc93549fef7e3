import { Malformed } from "../../agent/protocol/malformed.js";
import type { Target } from "../../scripts/fuzz/target.js";

/** A parser with bugs that are known, for whoever looks for them. */
export const planted = (read: (bytes: Buffer) => string): Target => ({
  name: "planted",
  corpus: [Buffer.from("one"), Buffer.from("two and three")],
  readers: { planted: read },
  layers: [],
  words: ["four"],
  refusals: [Malformed],
  mostBytes: 4_096,
  mostMemory: 16 * 1024 * 1024,
  mostCpuMs: 50,
});

/** Never returns once a word was put in. */
export const target: Target = planted((bytes) => {
  while (bytes.includes("four")) {
    if (bytes.length === 0) break;
  }
  return "text";
});
