import { computed, signal } from "@preact/signals";
import { session } from "../../session.js";

/** What somebody is at; it stays while they look at other views. */
export const draft = signal<string | undefined>(undefined);

/** The text of another version that it began with. */
const begun = signal<string | undefined>(undefined);

/** Puts a text there in place of what stands there; undefined: what is in force. */
export function beginWith(text: string | undefined): void {
  draft.value = text;
  begun.value = text;
}

/** Whether something stands there that would be lost with it. */
export function isOwn(inForce: string | undefined): boolean {
  const text = draft.peek();
  return text !== undefined && text !== begun.peek() && text !== inForce;
}

// It is theirs alone: whoever comes next in this tab does not find it.
computed(() => session.value?.operator.id).subscribe(() =>
  beginWith(undefined),
);
