import { setImmediate as nextTurn } from "node:timers/promises";
import { firstOf, type Block } from "../../model/block.js";
import type { Cidr } from "../../model/cidr.js";
import type { Entry } from "../../model/ruleset.js";
import {
  addSet,
  addTable,
  deleteSet,
  deleteTable,
} from "../../netlink/nftables/messages.js";
import type { MessageWriter } from "../../netlink/writer.js";
import type { BanClock, UnixMs } from "../../runtime/clock.js";
import { commitWithAreas } from "./area-index.js";
import { addBlock, networksOf, shareOf } from "./blocks.js";
import { addBanSets, newLengths, union } from "./change.js";
import type { KernelTable } from "./kernel-table.js";
import { writeRules } from "./rules/rules.js";
import type { RuleFeatures } from "./rules/verdicts.js";
import { addLasting, clear, contentsOf } from "./scaffold.js";
import { writeAllowed } from "./sets/allow.js";
import { areaSets } from "./sets/areas.js";
import { writeLabel, type RulesetLabel } from "./sets/label.js";
import {
  TABLE,
  generationOf,
  labelSet,
  noLengths,
  otherThan,
  type Generation,
  type Layout,
} from "./sets/layout.js";

/** What a rebuilt ruleset is to be. */
export interface Order {
  readonly label: RulesetLabel;
  readonly features: RuleFeatures;
  readonly entries: AsyncIterable<readonly Block[]>;
  /** What wins over every ban; undefined to keep what the kernel has. */
  readonly allowed: readonly Cidr[] | undefined;
}

/** What was built, and a few of its entries to look for. */
export interface Built {
  readonly layout: Layout;
  readonly sample: readonly Entry[];
}

/**
 * Builds a ruleset beside the one in force, which goes on dropping, and swaps
 * them in one step. A failure leaves the old one as it was.
 */
export async function rebuild(
  table: KernelTable,
  order: Order,
  clock: BanClock,
): Promise<Built> {
  const loading = prepare(table);
  try {
    const built = await load(table, loading, { order, clock });
    swap(table, built.layout, order);
    return built;
  } catch (error) {
    abandon(table, loading);
    throw error;
  }
}

/**
 * Makes room for the fresh sets, and clears away what a crash has left. What
 * another version has built goes on dropping beside them, like our own.
 */
// nft: add table inet tourniquet; delete set inet tourniquet ban4_32_b;
//      add set inet tourniquet area4_6to32_b { type ipv4_addr; size 98304; }
function prepare(table: KernelTable): Generation {
  const sets = table.sets();
  const old = table.labelled() ?? table.foreign();
  const fresh = old ? otherThan(old.layout.generation) : "a";
  table.commit("prepare a rebuild", (w) => {
    addTable(w, TABLE);
    if (old === undefined) {
      // Half-built or not ours, it has our name: begin with nothing.
      deleteTable(w, TABLE);
      addTable(w, TABLE);
    } else {
      deleteGeneration(w, sets, fresh);
    }
    addLasting(w);
    for (const set of areaSets(fresh)) addSet(w, TABLE, set);
  });
  return fresh;
}

async function load(
  table: KernelTable,
  generation: Generation,
  { order, clock }: { order: Order; clock: BanClock },
): Promise<Built> {
  let layout: Layout = { generation, lengths: noLengths() };
  const sample: Entry[] = [];
  for await (const blocks of order.entries) {
    const [first] = blocks;
    if (first === undefined) continue;
    layout = loadSome(table, layout, blocks, clock.now());
    if (sample.length < MOST_SAMPLED) sample.push(firstOf(first));
    await nextTurn();
  }
  return { layout, sample };
}

/** Loads one slice, and returns the layout that has its prefix lengths too. */
function loadSome(
  table: KernelTable,
  { generation, lengths }: Layout,
  blocks: readonly Block[],
  now: UnixMs,
): Layout {
  const added = newLengths(blocks.map(shareOf), lengths);
  const networks = blocks.map(networksOf);
  commitWithAreas(table, "load bans", { networks, generation }, (w) => {
    addBanSets(w, added, generation);
    for (const block of blocks) addBlock(w, block, generation, now);
  });
  return { generation, lengths: union(lengths, added) };
}

/** The one step in which the fresh sets take over. */
// nft: flush table inet tourniquet; delete set inet tourniquet ban4_32_a;
//      add rule inet tourniquet prerouting ip saddr @ban4_32_b goto banned_in4
function swap(table: KernelTable, fresh: Layout, order: Order): void {
  const { generation } = fresh;
  const contents = contentsOf(table);
  table.commit("swap rulesets", (w) => {
    addTable(w, TABLE);
    clear(w, contents, fresh);
    writeRules(w, fresh, { posture: order.label.posture, ...order.features });
    addSet(w, TABLE, labelSet(generation));
    writeLabel(w, order.label, generation);
    if (order.allowed) writeAllowed(w, order.allowed);
  });
}

/** Gives the memory of a half-built ruleset back, if the kernel lets us. */
function abandon(table: KernelTable, generation: Generation): void {
  try {
    const sets = table.sets();
    if (sets.some((set) => generationOf(set) === generation)) {
      table.commit("abandon a rebuild", (w) =>
        deleteGeneration(w, sets, generation),
      );
    }
  } catch {
    // The failure that led here says more, and the next rebuild clears away.
  }
}

// nft: delete set inet tourniquet ban4_32_b
function deleteGeneration(
  w: MessageWriter,
  sets: readonly string[],
  generation: Generation,
): void {
  for (const set of sets) {
    if (generationOf(set) === generation) deleteSet(w, TABLE, set);
  }
}

const MOST_SAMPLED = 64;
