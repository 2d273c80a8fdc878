// What is seen of the loop from outside: how late slots are, what happens to time, and that it gets on.
import { slotTaken, timeFault } from '../core/depth/events.ts';
import type { Status } from '../core/depth/status.ts';
import { timeFaultWords, timeFaults } from '../core/depth/time-faults.ts';
import type { Clock, Events, Taken } from '../core/ports.ts';
import { type Instant } from '../core/time.ts';
import type { RecordingDay } from './day.ts';
import type { Onlooker, Timepiece } from './ports.ts';
import type { HeldToken } from './token.ts';

export interface LookingOn {
  waits(opensAt: Instant): void;
  slot(batch: readonly Taken[], missing: number): void;
  /** Milliseconds of the latest slot since this was asked last. */
  takeLag(): number;
  /** Reads the machine's clocks, and tells what has happened to them since the last time. */
  clocks(day: Pick<RecordingDay, 'note'>): Promise<void>;
  stops(): void;
}

export interface LookingOnOptions {
  readonly clock: Clock;
  readonly events: Events;
  readonly token: Pick<HeldToken, 'token'>;
  readonly onlookers?: readonly Onlooker[];
  readonly timepiece?: Timepiece;
}

export function lookingOn(options: LookingOnOptions): LookingOn {
  const { clock, events, token, onlookers = [], timepiece } = options;
  let lag = 0;
  let before = timepiece?.() ?? null;
  const tell = (doing: Status['doing']): void => {
    if (onlookers.length === 0) return;
    const status = { at: clock.now(), doing, hasToken: token.token() !== null };
    for (const each of onlookers) each.progress(status);
  };
  return {
    waits(opensAt) {
      tell({ kind: 'waiting', opensAt });
    },
    slot(batch, missing) {
      const [first] = batch;
      if (first === undefined) return;
      const lagMs = Math.max(0, first.sentAt - first.slot);
      lag = Math.max(lag, lagMs);
      const symbols = batch.length;
      const filled = symbols - missing;
      const answeredAt = Math.max(...batch.map(({ receivedAt }) => receivedAt));
      const tookMs = answeredAt - first.sentAt;
      events.emit(slotTaken(first.slot, { filled, expected: symbols, lagMs, tookMs }));
      tell({ kind: 'recording', slot: first.slot, filled, symbols, lagMs });
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
        events.emit(timeFault(timeFaultWords(fault)));
        await day.note('time-fault', timeFaultWords(fault));
      }
    },
    stops() {
      for (const each of onlookers) each.stopping();
    },
  };
}
