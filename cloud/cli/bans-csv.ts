import { failed } from "../../agent/text/failure.js";
import type { Client } from "./client.js";
import { textOf, type Query } from "./pages.js";

/**
 * Bans as a table for spreadsheets, line by line.
 * @throws Failure when the cloud breaks off: what came is not all
 */
export async function tableOfBans(
  client: Client,
  query: Query,
  take: (line: string) => void,
): Promise<void> {
  const path = `/bans/export${textOf({ ...query, format: "csv" })}`;
  const { body } = await client.read(path);
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split(END);
      rest = lines.pop() ?? "";
      lines.forEach(take);
    }
  } catch (error) {
    throw failed("the cloud broke off: these are not all bans", error);
  }
}

const END = "\r\n";
