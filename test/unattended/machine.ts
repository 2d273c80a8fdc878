// Simulates the instance on a controlled timeline: a broker behind a proxy with faults, a bucket in a folder, and a
// supervisor that starts the next harvester process after one has ended.
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock } from '../../core/ports.ts';
import { DAY, type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import { type Faults, startFaults } from '../../sandbox/faults.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { type Metrics, metricsOf, recordingClient } from '../infra/alarms/series.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { type MemoryBucket, memoryBucket, throwUnreachable } from '../support/memory-bucket.ts';
import { runHarvester } from './harvester-process.ts';
import { type KillSwitch, newKillSwitch } from './kill-switch.ts';
import { type TcpProxy, startTcpProxy } from './tcp-proxy.ts';
import { type Timeline, newTimeline } from './timeline.ts';

/** RestartSec of the systemd unit. */
const RESTART_AFTER = 5 * SECOND;

type Death = 'at once' | 'in a line' | 'before a write' | 'after a write';

export interface Machine extends AsyncDisposable {
  /** The true time, which broker and alarms use; the clock of the process may differ. */
  readonly timeline: Timeline;
  readonly fyers: FyersSimulator;
  /** HTTP faults between the proxy and the simulator. */
  readonly brokerFaults: Faults;
  /** Between the harvester and `brokerFaults`. */
  readonly proxy: TcpProxy;
  readonly metrics: Metrics;
  /** Errors of processes that ended without a kill or stop. */
  readonly failures: readonly string[];
  readonly bucket: MemoryBucket;
  /** The clock of the process minus true time. */
  offset: number;
  token: string | null;
  isStoreUnavailable: boolean;
  isBucketUnavailable: boolean;
  isDiskFull: boolean;
  mint(): string;
  kill(how: Death, restartAt: Instant): void;
  stop(restartAt: Instant): void;
  suspend(until: Instant): Promise<void>;
  /** Runs one process after the other. */
  run(until: Instant): Promise<void>;
}

interface RunningProcess {
  readonly killSwitch: KillSwitch;
  readonly stopping: AbortController;
}

export async function newMachine(seed: number, startsAt: Instant, days: number): Promise<Machine> {
  const dir = await mkdtemp(path.join(tmpdir(), 'fyers-unattended-'));
  const fyers = await startFyers({
    seed: String(seed),
    apps: [SIMULATED_APP],
    refresh: 'refused',
    startsAt,
  });
  fyers.setClock(startsAt);
  const brokerFaults = await startFaults(fyers.url);
  const proxy = await startTcpProxy(brokerFaults.url);
  const timeline = newTimeline(startsAt, (now) => {
    fyers.setClock(now);
  });
  const metrics = metricsOf((days * DAY) / MINUTE);
  const failures: string[] = [];
  const bucket = memoryBucket();
  bucket.before = () => {
    if (machine.isBucketUnavailable) throwUnreachable();
  };
  let serial = 0;
  let running: RunningProcess | null = null;
  const ending: { death: Death; restartAt: Instant } = { death: 'at once', restartAt: startsAt };

  const machine: Machine = {
    timeline,
    fyers,
    brokerFaults,
    proxy,
    metrics,
    failures,
    bucket,
    offset: 0,
    token: null,
    isStoreUnavailable: false,
    isBucketUnavailable: false,
    isDiskFull: false,
    mint: () =>
      mintToken(String(seed), SIMULATED_APP, 'access_token', timeline.now(), (serial += 1)),
    kill(how, until) {
      if (running === null) return;
      Object.assign(ending, { death: how, restartAt: until });
      if (how === 'before a write' || how === 'after a write') running.killSwitch.killAt(how);
      else running.killSwitch.kill();
    },
    stop(until) {
      ending.restartAt = until;
      running?.stopping.abort();
    },
    suspend: (until) => timeline.advance(() => until),
    async run(until) {
      while (timeline.now() < until) {
        running = { killSwitch: newKillSwitch(), stopping: new AbortController() };
        Object.assign(ending, { death: 'at once', restartAt: timeline.now() });
        await Promise.race([runProcess(running), running.killSwitch.killed]);
        if (ending.death === 'in a line') await tearLogs(path.join(dir, 'data', 'days'));
        running = null;
        const next = plus(timeline.now(), RESTART_AFTER);
        await timeline.advance(() => (ending.restartAt > next ? ending.restartAt : next));
      }
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await brokerFaults.close();
      await fyers.close();
      await rm(dir, { recursive: true });
    },
  };
  const runProcess = ({ killSwitch, stopping }: RunningProcess): Promise<void> =>
    runHarvester(
      {
        dataDir: path.join(dir, 'data'),
        clock: clockOf(machine, killSwitch),
        readToken: () =>
          machine.isStoreUnavailable
            ? Promise.reject(new Error('the parameter store is unavailable'))
            : Promise.resolve(machine.token),
        apiUrl: proxy.url,
        isDiskFull: () => machine.isDiskFull,
        objects: bucket,
        cloudWatch: recordingClient(metrics, () =>
          Math.floor((timeline.now() - startsAt) / MINUTE),
        ),
      },
      killSwitch,
      stopping.signal,
    ).catch((caught: unknown) => void failures.push(String(caught)));
  return machine;
}

/**
 * Wakes by the clock of the process, which may be set while it sleeps. If it is set back, the wait does not become longer,
 * as in adapters/process/clock.ts.
 */
function clockOf(machine: Machine, killSwitch: KillSwitch): Clock {
  const { timeline } = machine;
  const now = (): Instant => plus(timeline.now(), machine.offset);
  return {
    now,
    async sleepUntil(at, signal) {
      signal.throwIfAborted();
      await killSwitch.waitUntilIdle();
      const isAsleep = (): boolean => !killSwitch.isKilled() && !signal.aborted;
      const latest = plus(timeline.now(), at - now() + SECOND);
      const wakesAt = (): Instant => plus(at, -machine.offset);
      await timeline.advance(() => (wakesAt() < latest ? wakesAt() : latest), isAsleep);
      if (killSwitch.isKilled()) await new Promise<never>(() => undefined);
      signal.throwIfAborted();
    },
  };
}

/** Appends an incomplete line to the logs of the last day, as a process that is killed during a write does. */
async function tearLogs(folder: string): Promise<void> {
  const date = (await readdir(folder)).sort().at(-1);
  if (date === undefined) return;
  const names = (await readdir(path.join(folder, date))).filter((name) =>
    /\.csv$|\.jsonl$/.test(name),
  );
  for (const name of names) await appendFile(path.join(folder, date, name), '2026-01-0');
}
