import type { Visitor } from "./visitor.js";

/** What a page holds once everything was collected that nobody holds. */
export interface Held {
  /** Bytes of the script's heap. */
  readonly heap: number;
  /** Nodes of the page, those that are in no document included. */
  readonly nodes: number;
  /** Trees of nodes that are in no document, and which a script still holds. */
  readonly detached: number;
  readonly listeners: number;
}

/**
 * Looks into the memory of a visitor's page. Each look is a session of its own: one
 * that goes on would hold the nodes that it was told of.
 */
export async function heldBy({ page }: Visitor): Promise<Held> {
  const session = await page.context().newCDPSession(page);
  // What the first finds to be finalised, the second collects.
  await session.send("HeapProfiler.collectGarbage");
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const counted = await session.send("Memory.getDOMCounters");
  const { detachedNodes } = await session.send("DOM.getDetachedDomNodes");
  await session.detach();
  return {
    heap: usedSize,
    nodes: counted.nodes,
    detached: detachedNodes.length,
    listeners: counted.jsEventListeners,
  };
}
