// Records frames in real time, at the rate of a busy day of fifteen TBT symbols, until it is killed: `node
// recorder-child.ts FOLDER FIRST_NUMBER`. Prints the time of its first frame.
import { frameRecorder } from '../../adapters/recordings/frame-recorder.ts';
import { frameSegments } from '../../adapters/recordings/frame-segments.ts';
import { instant } from '../../core/time.ts';
import { tbtFrame } from '../../sandbox/fyers/stream-frames.ts';

const FRAMES_PER_SECOND = 150;
const [folder = '', first = ''] = process.argv.slice(2);
const clock = { now: () => instant(Date.now()) };
const recorder = frameRecorder({
  ...{ segments: frameSegments(folder), clock },
  onFailed: (problem) => {
    throw new Error(problem);
  },
});
const level = { pricePaise: 80_000, quantity: 10, orders: 1 };
const startsAt = clock.now();
recorder.mark(1, startsAt, { mark: 'opened', name: 'tbt 1' });
let sent = 0;
setInterval(() => {
  for (; sent < ((clock.now() - startsAt) * FRAMES_PER_SECOND) / 1_000; sent += 1) {
    const frame = tbtFrame({
      ...{ symbol: 'NSE:SBIN-EQ', token: '3045', sequence: Number(first) + sent, at: clock.now() },
      ...{ isSnapshot: sent === 0, bids: [{ num: 0, level }], asks: [{ num: 0, level }] },
      totals: { totalBuyQuantity: 1, totalSellQuantity: 1 },
    });
    recorder.frame(1, clock.now(), frame);
  }
}, 5);
process.send?.(startsAt);
