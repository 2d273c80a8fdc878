// Runs `npm start` with each stream: the whole simulated day, in a child process as a person starts it.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startRunner } from '../sandbox/start-runner.ts';

const runner = startRunner();

test.each([
  // A book, and prices next to it.
  ['tbt', 'NSE:SBIN-EQ', '420 of 420', '2 connections'],
  // Two shares, and calls and puts of five strikes.
  ['hsm', 'INDEX:MINE,CHAIN:HDFCBANK', '5,040 of 5,040', '1 connections'],
])(
  'npm start -- --feed %s records the whole day of %s from the stream',
  async (feed, symbols, slots, connections) => {
    const data = path.join(runner.folder(), `operator-${feed}`);
    const env = await runner.quickFolder();
    const text = await readFile(path.join(env, '.env'), 'utf8');
    await writeFile(path.join(env, '.env'), text.replace('NSE:SBIN-EQ', symbols));
    await writeFile(path.join(env, 'index-MINE.csv'), 'Symbol,Series\nSBIN,EQ\nINFY,EQ\n');
    const { code, said } = await runner.start('--feed', feed, '--env', env, '--data', data).ended;
    expect(code, said).toBe(0);
    expect(said).toContain(`The day is recorded: ${slots} slots.`);
    expect(said).toContain('It adds up.');
    expect(said).toContain('prices, quantities and counts equal what the simulator served');
    expect(said).toMatch(
      new RegExp(`streamed {2}[\\d,]{6,} frames with [\\d,]{6,} messages, over ${connections}`),
    );
    expect(said).toContain(`report-2026-11-25.html`);
    expect(await runner.leftovers()).toEqual([]);
  },
);
