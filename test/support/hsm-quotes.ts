// Makes HSM records of one symbol's quote, SBIN, as the simulator writes them.
import { encodeMark, type FrameMark, type FrameRecord } from '../../core/stream/frame-log.ts';
import { hsmData, hsmSnapshot, hsmUpdate } from '../../sandbox/fyers/stream-frames.ts';

export const QUOTE_TOPIC = 'sf|nse_cm|3045';
/** The symbol's token in the symbol master, which determines the topic. */
export const QUOTE_TOKEN = '10100000003045';
export const HSM_OPENED: FrameMark = {
  ...{ mark: 'opened', name: 'hsm' },
  login: { acknowledgeEvery: 2, liteCounts: { dp: null, sf: 1, if: 1 } },
};
/** The simulator's snapshots multiply a price in paise by this. */
const SCALE = 100;
const FIELDS = 21;

interface Quoted {
  /** Microseconds since 1970. */
  readonly at: number;
  readonly rupees: number;
  readonly volume: number;
  /** Time of the last trade, in seconds since 1970; none by default. */
  readonly tradedAt?: number;
}

export function hsmMark(at: number, mark: FrameMark, socket = 0): FrameRecord {
  return { kind: 'mark', socket, receivedAt: at, bytes: encodeMark(mark) };
}

export function quoteSnapshot({ at, ...quoted }: Quoted): FrameRecord {
  const topic = { name: QUOTE_TOPIC, symbol: 'NSE:SBIN-EQ' };
  return frame(at, hsmSnapshot(7, topic, valuesOf(quoted)));
}

/** Sends all three values, also if they have not changed. */
export function quoteUpdate({ at, ...quoted }: Quoted): FrameRecord {
  const now = valuesOf(quoted);
  const before = now.map((value, place) => (place < 3 ? value - 1 : value));
  return frame(at, hsmUpdate(7, before, now));
}

function frame(receivedAt: number, item: Buffer): FrameRecord {
  return { kind: 'frame', socket: 0, receivedAt, bytes: hsmData(1, [item]) };
}

/** A volume is 32 bits wide on the wire. */
function valuesOf({ rupees, volume, tradedAt = 0 }: Omit<Quoted, 'at'>): readonly number[] {
  const paise = Math.round(100 * rupees);
  return [paise * SCALE, volume | 0, tradedAt, ...Array<number>(FIELDS - 3).fill(0)];
}
