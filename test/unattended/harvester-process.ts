// Runs one harvester process: loop, feed and files as `harvester/main.ts` wires them, with a kill switch.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { meteredEvents } from '../../adapters/aws/metrics.ts';
import { dayFolders, strikeFile } from '../../adapters/recordings/data-folder.ts';
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import type { Clock, ObjectStore } from '../../core/ports.ts';
import { harvesterDimensions } from '../../core/config/names.ts';
import { dayOf } from '../../core/market/calendar.ts';
import type { IstDate } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { harvest } from '../../harvester/loop.ts';
import type { DayLogs, DayUploads, Days } from '../../harvester/ports.ts';
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
  readonly cloudWatch: CloudWatchClient;
}

/** Resolves after a stop signal. Never resolves after a kill. */
export async function runHarvester(
  environment: HarvesterEnvironment,
  killSwitch: KillSwitch,
  signal: AbortSignal,
): Promise<void> {
  const { dataDir, clock, objects } = environment;
  await mkdir(path.join(dataDir, 'days'), { recursive: true });
  const metered = meteredEvents({
    client: environment.cloudWatch,
    events: { log: () => undefined },
    dimensions: harvesterDimensions('', '0'),
  });
  const shared = loopOptions({
    clock,
    symbols: SYMBOLS,
    everySeconds: EVERY_SECONDS,
    events: {
      log: (event) => {
        if (!killSwitch.isKilled()) metered.log(event);
      },
    },
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
    // A killed process loses what it has not sent.
    metrics: { ...metered, flush: () => killSwitch.run(() => metered.flush()) },
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
