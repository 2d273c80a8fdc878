// The instance with true time in our hands: a simulator behind a faulty line, a bucket in a folder, and a supervisor that
// starts the next process when one has ended.
import { appendFile, copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock, ObjectStore } from '../../core/ports.ts';
import { DAY, type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import { type Faults, startFaults } from '../../sandbox/faults.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { type Metrics, metricsOf } from '../infra/alarms/series.ts';
import { type Agenda, newAgenda } from './timeline.ts';
import { type Gate, newGate } from './kill-switch.ts';
import { type Line, lineTo } from './tcp-proxy.ts';
import { live, ownMetric } from './harvester-process.ts';
import { SIMULATED_APP } from '../support/keeper-world.ts';

/** As the unit has it. */
const RESTART_AFTER = 5 * SECOND;

type Death = 'at once' | 'in a line' | 'before a write' | 'after a write';

export interface Machine extends AsyncDisposable {
  /** True time is the broker's and the alarms'; the process may believe another. */
  readonly agenda: Agenda;
  readonly fyers: FyersSimulator;
  /** Between the harvester and the simulator. */
  readonly way: Faults;
  /** Before that. */
  readonly line: Line;
  readonly metrics: Metrics;
  /** Why processes ended that nobody had ended. */
  readonly failures: readonly string[];
  /** Of the bucket: where the file of each key is. */
  readonly objects: ReadonlyMap<string, string>;
  /** What the process believes, less true time. */
  offset: number;
  token: string | null;
  isStoreAway: boolean;
  isBucketAway: boolean;
  isDiskFull: boolean;
  mint(): string;
  kill(how: Death, restartAt: Instant): void;
  stop(restartAt: Instant): void;
  suspend(until: Instant): Promise<void>;
  /** One process after the other. */
  run(until: Instant): Promise<void>;
}

interface Life {
  readonly gate: Gate;
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
  const way = await startFaults(fyers.url);
  const line = await lineTo(way.url);
  const agenda = newAgenda(startsAt, (now) => {
    fyers.setClock(now);
  });
  const metrics = metricsOf((days * DAY) / MINUTE);
  const failures: string[] = [];
  const objects = new Map<string, string>();
  let serial = 0;
  let life: Life | null = null;
  const fate: { death: Death; restartAt: Instant } = { death: 'at once', restartAt: startsAt };

  const machine: Machine = {
    agenda,
    fyers,
    way,
    line,
    metrics,
    failures,
    objects,
    offset: 0,
    token: null,
    isStoreAway: false,
    isBucketAway: false,
    isDiskFull: false,
    mint: () => mintToken(String(seed), SIMULATED_APP, 'access_token', agenda.now(), (serial += 1)),
    kill(how, until) {
      if (life === null) return;
      Object.assign(fate, { death: how, restartAt: until });
      if (how === 'before a write' || how === 'after a write') life.gate.closeAt(how);
      else life.gate.close();
    },
    stop(until) {
      fate.restartAt = until;
      life?.stopping.abort();
    },
    suspend: (until) => agenda.pass(() => until),
    async run(until) {
      while (agenda.now() < until) {
        life = { gate: newGate(), stopping: new AbortController() };
        Object.assign(fate, { death: 'at once', restartAt: agenda.now() });
        await Promise.race([lived(life), life.gate.closed]);
        if (fate.death === 'in a line') await tear(path.join(dir, 'data', 'days'));
        life = null;
        const next = plus(agenda.now(), RESTART_AFTER);
        await agenda.pass(() => (fate.restartAt > next ? fate.restartAt : next));
      }
    },
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]();
      await way.close();
      await fyers.close();
      await rm(dir, { recursive: true });
    },
  };
  const lived = ({ gate, stopping }: Life): Promise<void> =>
    live(
      {
        dataDir: path.join(dir, 'data'),
        clock: clockOf(machine, gate),
        store: {
          read: (name) =>
            machine.isStoreAway
              ? Promise.reject(new Error('the parameter store is away'))
              : Promise.resolve(name === 'FYERS_CLIENT_ID' ? SIMULATED_APP.id : machine.token),
        },
        apiUrl: line.url,
        isDiskFull: () => machine.isDiskFull,
        objects: bucketIn(path.join(dir, 'bucket'), machine, objects),
        onMetric: (name, value) => {
          metrics.of(ownMetric(name)).put(Math.floor((agenda.now() - startsAt) / MINUTE), value);
        },
      },
      gate,
      stopping.signal,
    ).catch((caught: unknown) => void failures.push(String(caught)));
  return machine;
}

/**
 * Wakes when it is time by what the process believes, which may change while it sleeps; where that is set back, as the
 * machine's own does (adapters/process/clock.ts).
 */
function clockOf(machine: Machine, gate: Gate): Clock {
  const { agenda } = machine;
  const now = (): Instant => plus(agenda.now(), machine.offset);
  return {
    now,
    async sleepUntil(at, signal) {
      signal.throwIfAborted();
      await gate.idle();
      const sleeps = (): boolean => !gate.isClosed() && !signal.aborted;
      const latest = plus(agenda.now(), at - now() + SECOND);
      const believed = (): Instant => plus(at, -machine.offset);
      await agenda.pass(() => (believed() < latest ? believed() : latest), sleeps);
      if (gate.isClosed()) await new Promise<never>(() => undefined);
      signal.throwIfAborted();
    },
  };
}

/** Written once, as the real one. */
function bucketIn(folder: string, machine: Machine, objects: Map<string, string>): ObjectStore {
  const hashes = new Map<string, string>();
  const reachable = (): void => {
    if (machine.isBucketAway) throw new Error('the bucket is away');
  };
  return {
    async putOnce(key, file, sha256) {
      reachable();
      const before = hashes.get(key);
      if (before !== undefined) return before === sha256 ? 'same' : 'different';
      const place = path.join(folder, key);
      await mkdir(path.dirname(place), { recursive: true });
      await copyFile(file, place);
      hashes.set(key, sha256);
      objects.set(key, place);
      return 'stored';
    },
    async get(key, toFile) {
      reachable();
      const place = objects.get(key);
      if (place !== undefined) await copyFile(place, toFile);
      return place !== undefined;
    },
  };
}

/** What a process leaves that dies in the middle of a line: half of it, in both logs of the last day. */
async function tear(folder: string): Promise<void> {
  const date = (await readdir(folder)).sort().at(-1);
  if (date === undefined) return;
  const names = (await readdir(path.join(folder, date))).filter((name) =>
    /\.csv$|\.jsonl$/.test(name),
  );
  for (const name of names) await appendFile(path.join(folder, date, name), '2026-01-0');
}
