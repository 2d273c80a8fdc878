// `npm start` with each stream: the whole simulated day, in the child process of a person.
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
