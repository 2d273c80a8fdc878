// Runs the whole day of `npm start -- --broker today`, and the commands that it prints.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { systemClock } from '../../adapters/process/clock.ts';
import { istDateAt } from '../../core/time.ts';
import { startRunner, withoutPulumi } from '../sandbox/start-runner.ts';
import { ROOT } from '../support/source-tree.ts';

const FYERS = path.join(ROOT, 'cli', 'main.js');

const runner = startRunner();
const { start, quickFolder, leftovers } = runner;

test('npm start leads from the refusal over message, link, page and callback to a recorded day, and prints commands that work', async () => {
  const data = path.join(runner.folder(), 'operator-recordings');
  const flags = [
    '--broker',
    'today',
    '--env',
    await quickFolder(),
    '--data',
    data,
    '--keep',
    '--verbose',
  ];
  const { child, ended, saidSoFar } = start(...flags);
  const up = new Promise<void>((resolve) => {
    child.stdout.on('data', () => {
      if (saidSoFar().includes("curl -H 'Host")) resolve();
    });
  });
  const isThatDay = istDateAt(systemClock.now()) === '2026-11-25';
  await Promise.race([up, ended]);
  try {
    await expectCommandsToWork(saidSoFar());
  } finally {
    child.kill('SIGINT');
  }
  const { code, said } = await ended;
  const inOrder = [
    'redirect URL  https://',
    'HTTP 400, code -16',
    '"statusCode": 202',
    'Subject  Fyers login for Wed 2026-11-25: one tap',
    'the link → 200 "Fyers login for 25 Nov 2026"',
    '"Log in at Fyers" → 200 "Fyers (simulated)"',
    'the form, with pin → 200 "Done"',
    'The Fyers token is live, and valid until 26 Nov 2026, 06:00 IST',
    'yes: the broker accepts it',
    'the link again → 200 "Already done"',
    '{"statusCode": 200, "body": "{\\"message\\": \\"✅ Token refresh completed successfully!\\"}"}',
    '"token": "live"',
    'equal what the simulator served',
    'permissions were granted and not used by this run',
    'It adds up.',
    'The day is recorded: 420 of 420 slots.',
    path.join(data, 'report-2026-11-25.html'),
    ...(isThatDay ? [] : ['The tokens are of 25 Nov 2026']),
  ];
  const places = inOrder.map((words) => said.indexOf(words));
  expect(places, said).toEqual([...places].sort((a, b) => a - b));
  expect(places, said).not.toContain(-1);
  expect(code).toBe(0);
  expect(await leftovers()).toEqual([]);
  // Everyone with the link can open the page, and everyone with the code can get a token.
  expect(said).not.toMatch(/\/go\/[\d-]+\/[0-9a-f]{32}|auth_code=/);
});

/** Runs the printed commands for the recordings, with the variables of the printed export. */
async function expectCommandsToWork(said: string): Promise<void> {
  const pasted = said.split('\n').map((line) => line.trim());
  const exported = /^export (.*)$/.exec(pasted.find((line) => line.startsWith('export ')) ?? '');
  const env: Record<string, string> = { PATH: withoutPulumi(), HOME: runner.folder() };
  for (const pair of (exported?.[1] ?? '').split(' ')) {
    const [name = '', value = ''] = pair.split('=');
    env[name] = value;
  }
  const looks = pasted.filter((line) => /^\.\/fyers (?:report|check|inspect) /.test(line));
  expect(looks, said).toHaveLength(6);
  const answers = await Promise.all(
    looks.map((line) => {
      // `--json` does not open a browser.
      const args = line.replace('--open', '--json').split(' ').slice(1);
      return promisify(execFile)(process.execPath, [FYERS, ...args], { cwd: ROOT, env });
    }),
  );
  for (const [index, words] of [
    '"received": 420',
    'It adds up.',
    'SBIN-EQ  2026-11-25',
  ].entries()) {
    expect(answers[index]?.stdout).toContain(words);
    // The same command, from the folder and from the bucket.
    expect(answers[index + 3]?.stdout).toContain(words);
  }
  await promisify(execFile)(process.execPath, [FYERS, 'check', '2026-11-25', '--s3'], {
    cwd: ROOT,
    env,
  });
}
