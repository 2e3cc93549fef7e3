import type { Fields, Logger } from "../../../agent/log/logger.js";

/** Keeps what it was told: "warn: no connection to the cloud". */
export class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  readonly fields: (Fields | undefined)[] = [];
  debug = this.#say("debug");
  info = this.#say("info");
  warn = this.#say("warn");
  error = this.#say("error");

  /** As if nothing had been said. */
  forget(): void {
    this.lines.length = 0;
    this.fields.length = 0;
  }

  child(): Logger {
    return this;
  }

  #say(level: string) {
    return (message: string, fields?: Fields) => {
      this.lines.push(`${level}: ${message}`);
      this.fields.push(fields);
    };
  }
}
