import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../agent/config/config.js";
import { systemClock, type Clock } from "../../../agent/runtime/clock.js";
import type { SensorView } from "../../../agent/sensors/sensor-view.js";
import { SshdSensor } from "../../../agent/sensors/sshd-sensor.js";
import { until } from "../time/clock.js";

/**
 * A sensor, a log that it reads, and a port that it asks the kernel about. All
 * connections are on loopback; the kernel is only asked.
 */
export class SensorWorld {
  readonly folder = mkdtempSync(join(tmpdir(), "sensor-"));
  readonly path = join(this.folder, "auth.log");
  readonly banned: string[] = [];
  readonly told: string[] = [];
  /** The clock that never jumps may be put forward. */
  aheadMs = 0;
  readonly #server = createServer((socket) => {
    socket.on("error", () => undefined).resume();
  });
  #sensor: SshdSensor | undefined;

  async open(): Promise<void> {
    writeFileSync(this.path, "");
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  async close(): Promise<void> {
    await this.stop();
    this.#server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get sensor(): SshdSensor {
    if (this.#sensor === undefined) throw new Error("it has not been started");
    return this.#sensor;
  }

  /** Of the first place that is read. */
  view(): SensorView {
    return this.sensor.view()[0]!;
  }

  /** Starts it on a log that nobody vouches for, unless told. */
  async start(sshd: object = { source: { file: this.path } }): Promise<void> {
    const { banned, told, path, folder } = this;
    const settings = parseConfig(
      { sensors: { sshd: { ports: [this.port], ...sshd } } },
      "test",
    ).sensors.sshd;
    this.#sensor = new SshdSensor({
      ...{ settings, translators: [], clock: this.#clock() },
      thresholds: () => settings,
      journalctl: join(folder, "journalctl"),
      places: { journals: [join(folder, "journal")], files: [path] },
      detected: (some) => {
        banned.push(...some.map(({ source }) => source.name));
        return Promise.resolve();
      },
      events: {
        sensorFound: (_, source) => void told.push(`found ${source}`),
        sensorLost: (_, source) => void told.push(`lost ${source}`),
        handshakesUnseen: (why) => void told.push(`unseen ${String(why)}`),
        notConfirmed: (_, source, count) =>
          void told.push(`${count} ${source}`),
      },
    });
    await until("it looked", () => told.length > 0);
    await systemClock.sleep(30);
  }

  /** On a log that only sshd can write. */
  startAlone(): Promise<void> {
    return this.start({ source: { file: this.path, onlySshd: true } });
  }

  async stop(): Promise<void> {
    await this.#sensor?.[Symbol.asyncDispose]();
    this.#sensor = undefined;
  }

  /** Completes a handshake from there, and is gone. */
  async knock(localAddress: string): Promise<void> {
    const socket = connect({
      ...{ port: this.port, host: "127.0.0.1", localAddress },
    });
    await once(socket, "connect");
    socket.destroy();
    await once(socket, "close");
  }

  say(...rest: readonly string[]): void {
    const lines = rest.map((it) => `${stamp()} web1 ${it}\n`);
    appendFileSync(this.path, lines.join(""));
  }

  /** Five failures of one address. */
  fail(from: string): void {
    this.say(...[1, 2, 3, 4, 5].map((pid) => failed(from, pid)));
  }

  /** Waits twenty times shorter, and looks a hundred times as often. */
  #clock(): Clock {
    return {
      ...systemClock,
      monotonic: () => systemClock.monotonic() + this.aheadMs,
      sleep: (ms, signal) => systemClock.sleep(ms / 20, signal),
      every: (ms, tick) => systemClock.every(ms / 100, tick),
    };
  }
}

export const stamp = (agoMs = 0) => new Date(Date.now() - agoMs).toISOString();

export const failed = (from: string, pid: number) =>
  `sshd[${pid}]: Failed password for root from ${from} port 4000${pid} ssh2`;
