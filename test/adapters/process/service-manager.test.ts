// Records the messages to systemd with a program in place of systemd-notify.
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { serviceManager } from '../../../adapters/process/service-manager.ts';
import { parseInstant } from '../../../core/time.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const AT = parseInstant('2026-11-25T09:15:05+05:30');
const STATUS = { at: AT, doing: { kind: 'waiting', opensAt: AT }, hasToken: true } as const;

async function writeProgram(script: string): Promise<string> {
  const file = path.join(folder.path, 'notify');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o700);
  return file;
}

const readMessages = () => readFile(path.join(folder.path, 'messages'), 'utf8').catch(() => '');

test('The first message sets up the watchdog, and the next progress within the interval sends none', async () => {
  const file = await writeProgram(`printf '%s|' "$@" >> ${path.join(folder.path, 'messages')}`);
  const problems: string[] = [];
  const manager = serviceManager({
    env: { NOTIFY_SOCKET: '/run/x', PATH: process.env['PATH'] },
    program: file,
    everyMs: 60_000,
    onFailure: (problem) => problems.push(problem),
  });
  manager?.progress(STATUS);
  manager?.progress(STATUS);
  await vi.waitFor(async () => {
    expect(await readMessages()).toBe(
      'WATCHDOG_USEC=300000000|WATCHDOG=1|STATUS=09:15:05 · waits for 25 Nov 2026, 09:15 IST|',
    );
  });
  manager?.stopping();
  await vi.waitFor(async () => {
    expect(await readMessages()).toContain('STOPPING=1');
  });
  expect(problems).toEqual([]);
});

test('A failure of systemd-notify is reported once', async () => {
  const problems: string[] = [];
  const manager = serviceManager({
    env: { NOTIFY_SOCKET: '/run/x' },
    program: await writeProgram('exit 3'),
    everyMs: 0,
    onFailure: (problem) => problems.push(problem),
  });
  manager?.progress(STATUS);
  manager?.progress(STATUS);
  await vi.waitFor(() => {
    expect(problems).toEqual(['systemd-notify ended with 3']);
  });
});

test('serviceManager returns null without NOTIFY_SOCKET', () => {
  const onFailure = () => undefined;
  expect(serviceManager({ env: {}, onFailure })).toBeNull();
  expect(serviceManager({ env: { NOTIFY_SOCKET: '' }, onFailure })).toBeNull();
});
