import { shippedNodes, type ShippedNode } from "./node.js";

/** A kind of machine that packages are made for. */
export interface Target {
  /** As Debian calls it. */
  readonly architecture: Architecture;
  readonly node: ShippedNode;
  /** Of koffi's packages, the one with what is compiled. */
  readonly koffi: string;
  /** What names of compilers and their like begin with: "" on such a machine itself. */
  readonly tools: string;
  /** What its programs are started with; nothing on such a machine itself. */
  readonly emulator: readonly string[];
  /** Told to node-gyp as well. */
  readonly gyp: readonly string[];
}

export type Architecture = keyof typeof shippedNodes;

const ARM64_TOOLS = "aarch64-linux-gnu-";

export const targets: Readonly<Record<Architecture, Target>> = {
  amd64: {
    ...{ architecture: "amd64", node: shippedNodes.amd64 },
    koffi: "@koromix/koffi-linux-x64",
    ...{ tools: "", emulator: [], gyp: [] },
  },
  arm64: {
    ...{ architecture: "arm64", node: shippedNodes.arm64 },
    koffi: "@koromix/koffi-linux-arm64",
    tools: ARM64_TOOLS,
    emulator: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
    gyp: ["--arch=arm64"],
  },
};

/** What compiles for a target, as its build reads it from the environment. */
export function compilersOf({ tools }: Target): Record<string, string> {
  if (tools === "") return {};
  return {
    ...{ CC: `${tools}gcc`, CXX: `${tools}g++`, AR: `${tools}ar` },
    ...{ LINK: `${tools}g++`, LD: `${tools}g++` },
  };
}

/** How one of its programs is started on this machine. */
export function commandFor(
  { emulator: [first, ...rest] }: Target,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return first === undefined ? command : [first, ...rest, ...command];
}
