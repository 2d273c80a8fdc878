// What the harvester measures of itself, so that no alarm needs a calendar.
import type { HoleReason } from '../core/depth/coverage.ts';
import * as say from '../core/depth/events.ts';
import { METRICS } from '../core/names.ts';
import type { Taken } from '../core/ports.ts';
import { MINUTE, plus } from '../core/time.ts';
import { type Due, due } from './due.ts';
import { DISK_USED_PERCENT_MAX, type FinishOptions, makeRoom } from './finish.ts';
import type { LookingOn } from './looking-on.ts';
import type { Metrics } from './ports.ts';

const HEARTBEAT = MINUTE;
/** More than the broker's list of codes; bounds the memory of an answer that is never the same. */
const MAX_LOGGED_ANSWERS = 100;

export interface HealthOptions extends FinishOptions {
  readonly metrics: Metrics;
}

export interface Health {
  readonly step: Due;
  saw(batch: readonly Taken[], missing: readonly HoleReason[]): void;
  /** Slots of which no batch tells. */
  lost(slots: number): void;
}

/**
 * Heartbeat, count of missed slots and disk use, every minute of the year, so that what no alarm hears is a fault; a line
 * in the log whenever the reasons change. The first beat is a minute's life away: a process that dies at once, again and
 * again, must not look alive.
 */
export function healthOf(options: HealthOptions, seen: Pick<LookingOn, 'takeLag'>): Health {
  const { clock, events, metrics, days } = options;
  const beganAt = clock.now();
  let [missed, reasons] = [0, ''];
  /** Answers in place of a book that are in the log: one line for each. */
  const logged = new Set<string>();
  const beat = async (): Promise<void> => {
    const diskUsedPercent = await days.diskUsedPercent();
    events.emit(say.heartbeat(missed, diskUsedPercent));
    metrics.measure(METRICS.slotsMissed, missed);
    metrics.measure(METRICS.diskUsedPercent, diskUsedPercent);
    metrics.measure(METRICS.slotLag, seen.takeLag());
    missed = 0;
    if (diskUsedPercent > DISK_USED_PERCENT_MAX) await makeRoom(options);
    await metrics.flush();
  };
  return {
    step: due(plus(beganAt, HEARTBEAT), HEARTBEAT, beat, beganAt),
    saw(batch, missing) {
      const slot = batch[0]?.slot;
      if (slot === undefined) return;
      missed += missing.length;
      for (const taken of batch) {
        if (taken.kind !== 'hole' || taken.detail === undefined || logged.has(taken.detail))
          continue;
        if (logged.size < MAX_LOGGED_ANSWERS) logged.add(taken.detail);
        events.emit(say.brokerAnswered(taken.symbol, taken.detail));
      }
      const now = [...new Set(missing)].sort().join(', ');
      if (now !== reasons) {
        events.emit(now === '' ? say.slotsFilledAgain(slot) : say.slotsMissed(slot, now));
      }
      reasons = now;
    },
    lost(slots) {
      missed += slots;
    },
  };
}
