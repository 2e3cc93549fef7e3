/**
 * Cuts a stream of bytes into lines. Bytes are read as Latin-1: what the
 * filters look for is ASCII, so that broken UTF-8 or half a character at the end
 * of a read changes nothing. A line that is longer than `most` is passed over as
 * a whole: its cut end would be text that an attacker may have chosen.
 */
export class LineSplitter {
  readonly #most: number;
  /** The line that has not ended yet; undefined while one is passed over. */
  #open: string | undefined = "";
  #passedOver = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many lines were too long. */
  get passedOver(): number {
    return this.#passedOver;
  }

  /** The lines that these bytes end, without their ends. */
  take(bytes: Buffer): string[] {
    const [head = "", ...rest] = bytes.toString("latin1").split("\n");
    if (rest.length === 0) {
      this.#goOn(head);
      return [];
    }
    const next = rest.pop() ?? "";
    this.#goOn(head);
    const lines = this.#open === undefined ? [] : [this.#open];
    for (const line of rest) {
      if (line.length <= this.#most) lines.push(line);
      else this.#passedOver++;
    }
    this.#open = "";
    this.#goOn(next);
    return lines;
  }

  /** Forgets the line that has not ended: the rest of it will never come. */
  forget(): void {
    this.#open = "";
  }

  #goOn(text: string): void {
    if (this.#open === undefined) return;
    if (this.#open.length + text.length <= this.#most) {
      this.#open += text;
      return;
    }
    this.#open = undefined;
    this.#passedOver++;
  }
}
