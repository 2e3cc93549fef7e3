import { networkInterfaces } from "node:os";
import { describe } from "@jest/globals";
import { OWN_DEVICE } from "../../../scripts/lab/namespace.js";
import { skipped } from "./skipped.js";

/**
 * Describes what needs a kernel of its own. Anywhere else it is skipped, since
 * nothing may be enforced on the firewall of the machine that tests run on.
 */
export function describeInNamespace(name: string, tests: () => void): void {
  const reason = whyNotPrivate();
  if (reason === undefined) describe(name, tests);
  else describe.skip(skipped(name, reason), tests);
}

function whyNotPrivate(): string | undefined {
  if (process.env["TOURNIQUET_NAMESPACE"] !== "private") {
    return "not in a namespace; use npm run test:kernel";
  }
  const strange = Object.keys(networkInterfaces()).filter(
    (device) => device !== "lo" && !device.startsWith(OWN_DEVICE),
  );
  return strange.length > 0
    ? `this namespace has other devices: ${strange.join(", ")}`
    : undefined;
}
