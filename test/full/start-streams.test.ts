// `npm start` with each stream: the whole simulated day, in the child process of a person.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startRunner } from '../sandbox/start-runner.ts';

const runner = startRunner();

test.each([
  // A book, and prices beside it.
  ['tbt', '2 connections'],
  ['hsm', '1 connections'],
])('npm start -- --feed %s records the whole day from the stream', async (feed, connections) => {
  const data = path.join(runner.folder(), `operator-${feed}`);
  const flags = ['--feed', feed, '--env', await runner.quickFolder(), '--data', data];
  const { code, said } = await runner.start(...flags).ended;
  expect(code, said).toBe(0);
  expect(said).toContain('The day is recorded: 420 of 420 slots.');
  expect(said).toContain('It adds up.');
  expect(said).toContain('prices, quantities and counts equal what the simulator served');
  expect(said).toMatch(
    new RegExp(`streamed {2}[\\d,]{6,} frames with [\\d,]{6,} messages, over ${connections}`),
  );
  expect(said).toContain(`report-2026-11-25.html`);
  expect(await runner.leftovers()).toEqual([]);
});

test('npm start -- --feed hsm records the whole day of an index and of a chain', async () => {
  const data = path.join(runner.folder(), 'operator-groups');
  const env = await runner.quickFolder();
  await writeFile(path.join(env, 'index-MINE.csv'), 'Symbol,Series\nSBIN,EQ\nINFY,EQ\n');
  const text = await readFile(path.join(env, '.env'), 'utf8');
  const symbols = 'INDEX:MINE,CHAIN:HDFCBANK';
  await writeFile(path.join(env, '.env'), text.replace('NSE:SBIN-EQ', symbols));
  const flags = ['--feed', 'hsm', '--env', env, '--data', data];
  const { code, said } = await runner.start(...flags).ended;
  expect(code, said).toBe(0);
  // Two shares, and calls and puts of five strikes.
  expect(said).toContain('The day is recorded: 5,040 of 5,040 slots.');
  expect(said).toContain('It adds up.');
  expect(said).toContain('prices, quantities and counts equal what the simulator served');
  expect(await runner.leftovers()).toEqual([]);
});
