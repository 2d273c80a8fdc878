import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { formatBar, terminalProgress, type Progress } from '../../sandbox/steps/progress.ts';

/** Creates a stream that keeps its content. */
function createFakeStream(isTTY: boolean, columns: number) {
  const events = new EventEmitter();
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (piece, _encoding, done) => {
      written.push(String(piece));
      events.emit('write');
      done();
    },
  });
  Object.assign(stream, { isTTY, columns, hasColors: () => false, getColorDepth: () => 1 });
  const text = () => written.join('');
  return { stream: stream as unknown as NodeJS.WriteStream, events, text };
}

async function runDay(progress: Progress, events: EventEmitter, text: () => string) {
  await progress.step('Record', async () => {
    progress.status(formatBar('09:22', 1_367, 25_200));
    while (!text().includes('09:22 [')) await once(events, 'write');
  });
  progress.verdict(true, 'Done.');
}

test('formatBar shows the time, the share and both counts', () => {
  expect(formatBar('09:00', 0, 25_200)).toMatch(/^09:00 \[ +\] 0 of 25,200$/);
  expect(formatBar('12:30', 12_600, 25_200)).toMatch(/^12:30 \[#{12} {12}\] 12,600 of 25,200$/);
  expect(formatBar('16:00', 25_201, 25_200)).toMatch(/^16:00 \[#{24}\]/);
});

test.each([0, 40, 120])(
  'The progress line fits one row on a terminal of %i columns',
  async (columns) => {
    const { stream, events, text } = createFakeStream(true, columns);
    await runDay(terminalProgress(stream, false), events, text);
    const drawn = text()
      .split('\n')
      .flatMap((line) => line.split('\r\u001B[2K'))
      .filter((line) => line.includes('09:22'));
    expect(drawn.length).toBeGreaterThan(0);
    for (const line of drawn) expect(line.length).toBeLessThan(columns === 0 ? 80 : columns);
    expect(
      text()
        .split('\n')
        .filter((line) => line.endsWith('25,200')),
    ).toEqual([]);
  },
);

test('The progress line is printed within 2.5 seconds in a pipe', async () => {
  const { stream, events, text } = createFakeStream(false, 0);
  const began = performance.now();
  await runDay(terminalProgress(stream, false), events, text);
  expect(performance.now() - began).toBeLessThan(2_500);
  expect(text()).not.toContain('\r');
});

test('Details are printed only with --verbose', () => {
  for (const isVerbose of [false, true]) {
    const { stream, text } = createFakeStream(false, 0);
    terminalProgress(stream, isVerbose).details([['output', 'value']]);
    expect(text().includes('value')).toBe(isVerbose);
  }
});
