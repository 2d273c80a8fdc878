// Interrupts `npm start` at every step, and checks that nothing remains.
import { expect, test } from 'vitest';
import { startRunner } from '../sandbox/start-runner.ts';
import { onEngine } from './on-engine.ts';

const WITHOUT_CLI = startRunner();
const WITH_CLI = startRunner(process.env['PATH']);

const STEPS = [
  'Start stand-ins',
  'Provision the program',
  'Register the login URL',
  'Invoke FyersTokenRefresh, as',
  'Read the message',
  'Log in with one tap',
  'Invoke FyersTokenRefresh again',
  'Invoke FyersWatch',
  'Run the deployed harvester',
  'Compare the bucket',
  'Keep the day',
  'Check the recorded day',
  'Write the report',
  'Everything keeps running until Ctrl-C',
];

test.each(STEPS.map((step, index) => [step, index % 2 === 0 ? 'SIGINT' : 'SIGTERM'] as const))(
  'npm start, interrupted at "%s" by %s, leaves no files and processes',
  async (step, signal) => {
    const { start, quickFolder, operatorFolder, leftovers, processes } = WITHOUT_CLI;
    const data = await operatorFolder({});
    const run = start('--env', await quickFolder(), '--data', data, '--keep');
    await run.until(step);
    const { code, said } = await run.stop(signal);
    expect(said).toContain(`Stopped (${signal})`);
    // Only `--keep` waits for a stop.
    expect(code).toBe(step.startsWith('Everything') ? 0 : 2);
    expect(await leftovers()).toEqual([]);
    expect(processes()).toEqual([]);
  },
  120_000,
);

test('npm start leaves no files and processes after several signals', async () => {
  const { start, leftovers, processes } = WITHOUT_CLI;
  const run = start();
  await run.until('Provision the program');
  await run.stop('SIGINT', 'SIGINT', 'SIGTERM');
  expect(await leftovers()).toEqual([]);
  expect(processes()).toEqual([]);
}, 60_000);

onEngine('npm start', () => {
  test('ends the engine and its plugins', async () => {
    const { start, leftovers, processes } = WITH_CLI;
    const run = start();
    await run.until('resources created');
    const { code } = await run.stop('SIGTERM');
    expect(code).toBe(2);
    expect(await leftovers()).toEqual([]);
    expect(processes()).toEqual([]);
  }, 120_000);
});
