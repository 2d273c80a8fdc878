// Runs one harvester process: loop, feed and files as `harvester/main.ts` wires them, with a kill switch.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { dayFolders, strikeFile } from '../../adapters/recordings/data-folder.ts';
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import type { Clock, LogRecord, ObjectStore } from '../../core/ports.ts';
import { METRIC_NAMESPACE, harvesterDimensions } from '../../core/config/names.ts';
import { dayOf } from '../../core/market/calendar.ts';
import type { IstDate } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { harvest } from '../../harvester/loop.ts';
import type { DayLogs, DayUploads, Days, Metrics } from '../../harvester/ports.ts';
import { faultyDisk } from '../support/faulty-disk.ts';
import { loopOptions } from '../support/loop-options.ts';
import type { KillSwitch } from './kill-switch.ts';

export const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:M&M-EQ'];
export const EVERY_SECONDS = 60;
/** Real time. The simulated broker answers sooner or never. */
const DEADLINE_MS = 1_500;

/** The operations that fail on a full disk. */
const WRITES: ReadonlySet<string> = new Set(['appendFile', 'datasync', 'writeFile']);

export interface HarvesterEnvironment {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly readToken: () => Promise<string | null>;
  readonly apiUrl: string;
  readonly objects: ObjectStore;
  readonly isDiskFull: () => boolean;
  readonly onMetric: (name: string, value: number) => void;
}

/** Resolves after a stop signal. Never resolves after a kill. */
export async function runHarvester(
  environment: HarvesterEnvironment,
  killSwitch: KillSwitch,
  signal: AbortSignal,
): Promise<void> {
  const { dataDir, clock, objects } = environment;
  await mkdir(path.join(dataDir, 'days'), { recursive: true });
  const metrics = bufferMetrics(environment, killSwitch);
  const shared = loopOptions({
    clock,
    symbols: SYMBOLS,
    everySeconds: EVERY_SECONDS,
    events: { log: metrics.emit },
    stored: () => killSwitch.run(environment.readToken),
  });
  const disk = faultyDisk((_count, operation) => environment.isDiskFull() && WRITES.has(operation));
  const days = dayFolders(dataDir, disk);
  await using feed = restDepth({
    apiUrl: environment.apiUrl,
    appId: shared.token.appId,
    sampling: shared.sampling,
    clock,
    strikes: strikeFile(dataDir, () => undefined, disk),
    deadlineMs: DEADLINE_MS,
  });
  await harvest({
    ...shared,
    signal,
    feed,
    metrics,
    days: guardDays(days, killSwitch),
    compact: (date) =>
      killSwitch.run(async () => {
        await compactDay({ folder: days.folder(date), date, shard: 0, session: planOf(date) });
      }),
    objects: {
      putOnce: (...given) => killSwitch.run(() => objects.putOnce(...given)),
      get: (...given) => killSwitch.run(() => objects.get(...given)),
    },
  });
}

function planOf(date: IstDate) {
  const day = dayOf(date);
  return day.kind === 'open' ? day.plan : null;
}

/** Buffers measurements until the next flush. A killed process loses them. */
function bufferMetrics(
  { onMetric }: HarvesterEnvironment,
  killSwitch: KillSwitch,
): Metrics & Record<'emit', (event: LogRecord) => void> {
  let buffered: (readonly [string, number])[] = [];
  return {
    emit(event) {
      if (killSwitch.isKilled()) return;
      if (event.metric !== undefined) buffered.push([event.metric.name, event.metric.value]);
    },
    measure: (name, value) => void buffered.push([name, value]),
    flush: () =>
      killSwitch.run(() => {
        for (const [name, value] of buffered) onMetric(name, value);
        buffered = [];
        return Promise.resolve();
      }),
  };
}

function guardDays(days: Days, killSwitch: KillSwitch): Days {
  const logsOf = (logs: DayLogs): DayLogs => {
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (isOpen) await logs.close();
      isOpen = false;
    };
    // The kernel closes the files of a killed process.
    void killSwitch.killed.then(close);
    return {
      cutBytes: logs.cutBytes,
      ends: () => logs.ends(),
      append: (rows) => killSwitch.runWrite(() => logs.append(rows)),
      record: (events) => killSwitch.runWrite(() => logs.record(events)),
      close: () => killSwitch.run(close),
    };
  };
  const uploadsOf = (uploads: DayUploads): DayUploads => ({
    pathOf: (name) => uploads.pathOf(name),
    state: () => killSwitch.run(() => uploads.state()),
    save: (state) => killSwitch.runWrite(() => uploads.save(state)),
    cut: (...given) => killSwitch.runWrite(() => uploads.cut(...given)),
    remove: (segment) => killSwitch.run(() => uploads.remove(segment)),
    placeFor: (name) => killSwitch.run(() => uploads.placeFor(name)),
    takeOver: (names) => killSwitch.runWrite(() => uploads.takeOver(names)),
    forgetFetched: () => killSwitch.run(() => uploads.forgetFetched()),
  });
  return {
    ...days,
    open: (date) => killSwitch.run(async () => logsOf(await days.open(date))),
    dates: () => killSwitch.run(() => days.dates()),
    uploads: (date) => uploadsOf(days.uploads(date)),
  };
}

/** Identifies a metric of the harvester as its alarms do. */
export const ownMetric = (name: string) => ({
  namespace: METRIC_NAMESPACE,
  metricName: name,
  dimensions: harvesterDimensions('', '0'),
});
