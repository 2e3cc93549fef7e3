import { parentPort, workerData } from "node:worker_threads";
import { fuzz } from "./fuzz.js";
import type { Desk, Order } from "./supervise.js";
import type { Target } from "./target.js";

/** The thread that fuzzes; `supervise` starts it. */
const { order, desk } = workerData as { order: Order; desk: Desk };
const { target } = (await import(order.module)) as { target: Target };
const report = await fuzz(target, {
  ...order,
  about: (bytes) => {
    desk.bytes.set(bytes.subarray(0, desk.bytes.length));
    desk.numbers[1] = Math.min(bytes.length, desk.bytes.length);
    Atomics.add(desk.numbers, 0, 1);
  },
});
parentPort?.postMessage(report);
