import * as v from "valibot";
import { CarriedReceipts } from "../../agent/protocol/carried.js";
import { ReceiptV2 } from "../../agent/protocol/documents-v2.js";
import {
  Count,
  Epoch,
  Feed,
  Sha256,
  WirePosition,
  parseJson,
  parseShape,
} from "../../agent/protocol/shapes.js";
import { misused } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { readFile } from "./drafts.js";

type Place = v.InferOutput<typeof WirePosition>;

/** What `tourniquet verify --json` prints, as far as it tells where a host stands. */
const Verified = v.object({
  feeds: v.array(
    v.object({
      feed: Feed,
      position: v.nullable(
        v.object({ epoch: Epoch, offset: Count, hash: Sha256 }),
      ),
    }),
  ),
});

/**
 * Positions that `--since` names: one in words, or those of a host in a file.
 * @throws Failure
 */
export function positionsFrom(text: string): readonly Place[] {
  const [, feed, epoch, offset, hash] =
    /^([^=]+)=([^/]+)\/(\d+)\/([0-9a-f]+)$/.exec(text) ?? [];
  const content = feed === undefined ? readFile("--since", text) : "";
  try {
    if (feed === undefined) return ofFile(content, text);
    const named = { feed, epoch, offset: Number(offset), hash };
    return [parseShape(WirePosition, named, "position")];
  } catch (error) {
    throw misused(`--since "${text}": ${messageOf(error)}`, error);
  }
}

function ofFile(text: string, file: string): readonly Place[] {
  const isReceipts = text.includes('"carried-receipts"');
  if (isReceipts) {
    const { receipts } = parseJson(CarriedReceipts, text, file);
    return receipts.map(
      ({ signed }) => parseJson(ReceiptV2, signed, "receipt").position,
    );
  }
  const { feeds } = parseJson(Verified, text, file);
  return feeds.flatMap(({ feed, position }) =>
    position === null || position.offset === 0 ? [] : { feed, ...position },
  );
}
