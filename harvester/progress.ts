// Reports loop progress: slot lag, clock faults, and a liveness signal. The heartbeat measures the
// harvester itself, so that no alarm needs a calendar.
import type { Status } from '../core/recording/columns.ts';
import type { HoleReason } from '../core/recording/coverage.ts';
import * as logEvents from '../core/recording/log.ts';
import { timeFaults, timeFaultWords } from '../core/clock-faults.ts';
import { METRICS } from '../core/config/names.ts';
import type { Clock, DepthFeed, Logger, SlotResult } from '../core/ports.ts';
import { type Instant, MINUTE, plus } from '../core/time.ts';
import type { RecordingDay } from './day.ts';
import { every, type IntervalTask } from './interval.ts';
import { DISK_USED_PERCENT_MAX, type CloseOptions, makeRoom } from './close-days.ts';
import type { Metrics, ProgressListener, Timepiece } from './ports.ts';
import type { HeldToken } from './token.ts';

export interface ProgressReporter {
  waits(opensAt: Instant): void;
  slot(batch: readonly SlotResult[], missing: number): void;
  /** The largest slot lag in milliseconds since the last call. */
  takeLag(): number;
  /** Reads the machine's clocks and reports faults since the last call. */
  clocks(day: Pick<RecordingDay, 'note'>): Promise<void>;
  stops(): void;
}

interface ProgressOptions {
  readonly clock: Clock;
  readonly events: Logger;
  readonly token: Pick<HeldToken, 'token'>;
  readonly listeners?: readonly ProgressListener[];
  readonly timepiece?: Timepiece;
}

export function createProgressReporter(options: ProgressOptions): ProgressReporter {
  const { clock, events, token, listeners = [], timepiece } = options;
  let lag = 0;
  let before = timepiece?.() ?? null;
  const reportStatus = (doing: Status['doing']): void => {
    if (listeners.length === 0) return;
    const status = { at: clock.now(), doing, hasToken: token.token() !== null };
    for (const each of listeners) each.progress(status);
  };
  return {
    waits(opensAt) {
      reportStatus({ kind: 'waiting', opensAt });
    },
    slot(batch, missing) {
      const [first] = batch;
      if (first === undefined) return;
      // A stream sends no request: its lag is that of the sampling.
      const beganAt = first.sentAt ?? clock.now();
      const lagMs = Math.max(0, beganAt - first.slot);
      lag = Math.max(lag, lagMs);
      const symbols = batch.length;
      const filled = symbols - missing;
      const answeredAt = Math.max(...batch.map(({ receivedAt }) => receivedAt));
      const tookMs = Math.max(0, answeredAt - beganAt);
      events.log(logEvents.slotTaken(first.slot, { filled, expected: symbols, lagMs, tookMs }));
      reportStatus({ kind: 'recording', slot: first.slot, filled, symbols, lagMs });
    },
    takeLag() {
      const latest = lag;
      lag = 0;
      return latest;
    },
    async clocks(day) {
      if (timepiece === undefined || before === null) return;
      const now = timepiece();
      const faults = timeFaults(before, now);
      before = now;
      for (const fault of faults) {
        events.log(logEvents.timeFault(timeFaultWords(fault)));
        await day.note('time-fault', timeFaultWords(fault));
      }
    },
    stops() {
      for (const each of listeners) each.stopping();
    },
  };
}

const HEARTBEAT_INTERVAL_MS = MINUTE;
/**
 * More than the number of codes in the broker's documentation; limits memory if every answer differs.
 */
const MAX_LOGGED_ANSWERS = 100;

interface HeartbeatOptions extends CloseOptions {
  readonly metrics: Metrics;
  readonly feed?: Pick<DepthFeed, 'stream'>;
}

export interface Heartbeat {
  readonly step: IntervalTask;
  recordBatch(batch: readonly SlotResult[], missing: readonly HoleReason[]): void;
  /** Adds missed slots that are in no batch. */
  addMissed(slots: number): void;
}

/**
 * Sends a heartbeat, the count of missed slots and disk use every minute of the year, so that
 * missing data is always a fault. Logs a line whenever the reasons for missed slots change. The first
 * heartbeat is sent after a minute, so that a process that crashes at every start does not appear
 * alive.
 */
export function createHeartbeat(
  options: HeartbeatOptions,
  progress: Pick<ProgressReporter, 'takeLag'>,
): Heartbeat {
  const { clock, events, metrics, days, feed } = options;
  const beganAt = clock.now();
  let [missed, reasons] = [0, ''];
  /** Unexpected broker answers that were already logged; each is logged once. */
  const logged = new Set<string>();
  const beat = async (): Promise<void> => {
    const diskUsedPercent = await days.diskUsedPercent();
    events.log(logEvents.heartbeat(missed, diskUsedPercent));
    metrics.measure(METRICS.slotsMissed, missed);
    metrics.measure(METRICS.diskUsedPercent, diskUsedPercent);
    metrics.measure(METRICS.slotLag, progress.takeLag());
    const silent = feed?.stream?.silentSymbols();
    if (silent !== undefined) metrics.measure(METRICS.streamSilentSymbols, silent.length);
    missed = 0;
    if (diskUsedPercent > DISK_USED_PERCENT_MAX) await makeRoom(options);
    await metrics.flush();
  };
  return {
    step: every(plus(beganAt, HEARTBEAT_INTERVAL_MS), HEARTBEAT_INTERVAL_MS, beat, beganAt),
    recordBatch(batch, missing) {
      const slot = batch[0]?.slot;
      if (slot === undefined) return;
      missed += missing.length;
      for (const taken of batch) {
        if (taken.kind !== 'hole' || taken.detail === undefined || logged.has(taken.detail))
          continue;
        if (logged.size < MAX_LOGGED_ANSWERS) logged.add(taken.detail);
        events.log(logEvents.brokerAnswered(taken.symbol, taken.detail));
      }
      const now = [...new Set(missing)].sort().join(', ');
      if (now !== reasons) {
        events.log(
          now === '' ? logEvents.slotsFilledAgain(slot) : logEvents.slotsMissed(slot, now),
        );
      }
      reasons = now;
    },
    addMissed(slots) {
      missed += slots;
    },
  };
}
