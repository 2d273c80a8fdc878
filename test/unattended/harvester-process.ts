// One life of the harvester: its own loop, feed and files, as `harvester/main.ts` wires them, behind a gate that kills it.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { dayFolders, strikeFile } from '../../adapters/recordings/data-folder.ts';
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import { parseSampling } from '../../core/config/values.ts';
import type { Clock, LogRecord, ObjectStore, TokenStore } from '../../core/ports.ts';
import { METRIC_NAMESPACE, harvesterDimensions } from '../../core/config/names.ts';
import { dayOf, nextSession } from '../../core/market/calendar.ts';
import { type Instant, type IstDate, istDateAt } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { harvest } from '../../harvester/loop.ts';
import type { DayLogs, DayPieces, Days, Metrics } from '../../harvester/ports.ts';
import { holdToken } from '../../harvester/token.ts';
import { faultyDisk } from '../support/faulty-disk.ts';
import type { Gate } from './kill-switch.ts';

export const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:M&M-EQ'];
export const EVERY_SECONDS = 60;
/** Real time; a broker in this process answers sooner, or never. */
const DEADLINE_MS = 1_500;

/** What needs space, or the device itself. */
const WRITES: ReadonlySet<string> = new Set(['appendFile', 'datasync', 'writeFile']);

export interface Surroundings {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly store: Pick<TokenStore, 'read'>;
  readonly apiUrl: string;
  readonly objects: ObjectStore;
  readonly isDiskFull: () => boolean;
  readonly onMetric: (name: string, value: number) => void;
}

/** Ends when it is asked to; when it is killed, never. */
export async function live(around: Surroundings, gate: Gate, signal: AbortSignal): Promise<void> {
  const { dataDir, clock, objects } = around;
  await mkdir(path.join(dataDir, 'days'), { recursive: true });
  const sampling = parseSampling(SYMBOLS.join(), String(EVERY_SECONDS));
  if (!sampling.ok) throw new Error(sampling.problem);
  const metrics = metered(around, gate);
  const events = { log: metrics.emit };
  const token = holdToken({
    clock,
    events,
    fingerprint: () => 'fingerprint',
    store: {
      read: (name) => gate.through(() => around.store.read(name)),
      write: () => Promise.reject(new Error('the harvester stores no token')),
    },
  });
  const disk = faultyDisk((_count, operation) => around.isDiskFull() && WRITES.has(operation));
  const days = dayFolders(dataDir, disk);
  await using feed = restDepth({
    apiUrl: around.apiUrl,
    appId: token.appId,
    sampling: sampling.value,
    clock,
    strikes: strikeFile(dataDir, () => undefined, disk),
    deadlineMs: DEADLINE_MS,
  });
  await harvest({
    clock,
    signal,
    feed,
    token,
    events,
    metrics,
    sampling: sampling.value,
    days: gated(days, gate),
    compact: (date) =>
      gate.through(async () => {
        await compactDay({ folder: days.folder(date), date, shard: 0, session: planOf(date) });
      }),
    objects: {
      putOnce: (...given) => gate.through(() => objects.putOnce(...given)),
      get: (...given) => gate.through(() => objects.get(...given)),
    },
    shard: 0,
    isOver: (date) => isOver(date, clock.now()),
    nextSession,
    sessions: null,
    until: null,
  });
}

function planOf(date: IstDate) {
  const day = dayOf(date);
  return day.kind === 'open' ? day.plan : null;
}

function isOver(date: IstDate, now: Instant): boolean {
  return date < istDateAt(now) || now >= (planOf(date)?.closesAt ?? Infinity);
}

/** What is measured goes out with the next flush; a process that dies before takes it along. */
function metered(
  { onMetric }: Surroundings,
  gate: Gate,
): Metrics & Record<'emit', (event: LogRecord) => void> {
  let waiting: (readonly [string, number])[] = [];
  return {
    emit(event) {
      if (gate.isClosed()) return;
      if (event.metric !== undefined) waiting.push([event.metric.name, event.metric.value]);
    },
    measure: (name, value) => void waiting.push([name, value]),
    flush: () =>
      gate.through(() => {
        for (const [name, value] of waiting) onMetric(name, value);
        waiting = [];
        return Promise.resolve();
      }),
  };
}

function gated(days: Days, gate: Gate): Days {
  const logsOf = (logs: DayLogs): DayLogs => {
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (isOpen) await logs.close();
      isOpen = false;
    };
    // The kernel closes what a dead process had open.
    void gate.closed.then(close);
    return {
      cutBytes: logs.cutBytes,
      ends: () => logs.ends(),
      append: (rows) => gate.write(() => logs.append(rows)),
      record: (events) => gate.write(() => logs.record(events)),
      close: () => gate.through(close),
    };
  };
  const piecesOf = (pieces: DayPieces): DayPieces => ({
    pathOf: (name) => pieces.pathOf(name),
    state: () => gate.through(() => pieces.state()),
    save: (state) => gate.write(() => pieces.save(state)),
    cut: (...given) => gate.write(() => pieces.cut(...given)),
    remove: (piece) => gate.through(() => pieces.remove(piece)),
    placeFor: (name) => gate.through(() => pieces.placeFor(name)),
    takeOver: (names) => gate.write(() => pieces.takeOver(names)),
    forgetFetched: () => gate.through(() => pieces.forgetFetched()),
  });
  return {
    ...days,
    open: (date) => gate.through(async () => logsOf(await days.open(date))),
    dates: () => gate.through(() => days.dates()),
    pieces: (date) => piecesOf(days.pieces(date)),
  };
}

/** The series of a metric, as the alarms name it. */
export const ownMetric = (name: string) => ({
  namespace: METRIC_NAMESPACE,
  metricName: name,
  dimensions: harvesterDimensions('', '0'),
});
