// Tests each reader of the operator's folder with a pipe, a socket, a device and a folder in the place of its file. A
// reader that opens a pipe would wait forever.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { overridesFile, readCalendarFile } from '../../../adapters/operator/calendar-file.ts';
import { readEnvFile, readTokenFiles } from '../../../adapters/operator/env-and-token-files.ts';
import { readIndexLists } from '../../../adapters/operator/index-lists.ts';
import { claimFiles, folderStore } from '../../../adapters/operator/token-folder.ts';
import type { ParameterName } from '../../../core/config/names.ts';
import { toError } from '../../../core/errors.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const made = makeFolderPerTest();
let folder = '';
beforeEach(() => {
  folder = made.path;
});

/** Makes a pipe with a writer: a reader that opens it gets an empty text, so the test fails and does not wait. */
async function makePipe(file: string): Promise<void> {
  await promisify(execFile)('mkfifo', [file]);
  const writer = spawn('sh', ['-c', 'while [ -p "$0" ]; do : > "$0"; done', file]);
  onTestFinished(async () => {
    writer.kill();
    await once(writer, 'exit');
  });
}

async function makeSocket(file: string): Promise<void> {
  const server = createServer().listen(file);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}

const KINDS: Readonly<Record<string, (file: string) => unknown>> = {
  'a pipe': makePipe,
  'a socket': makeSocket,
  'a device': (file) => symlink('/dev/null', file),
  'a folder': (file) => mkdir(file),
};

async function storeProblem(name: ParameterName): Promise<string> {
  const store = folderStore({ folder, settings: () => null, onSecret: () => undefined });
  return store.read(name).then(String, (caught: unknown) => toError(caught).message);
}

const READERS: Readonly<Record<string, () => unknown>> = {
  '.env': () => readEnvFile(folder).problems,
  'access_token.txt': () => readTokenFiles(folder).problems,
  'refresh_token.txt': () => readTokenFiles(folder).problems,
  'calendar.json': () => {
    const found = readCalendarFile(folder);
    return found.kind === 'malformed' ? found.problem : found.kind;
  },
  'index-NIFTY50.csv': () => readIndexLists(folder, ['NIFTY50']).problems,
  '.fyers-token-state.json': () => storeProblem('FYERS_TOKEN_STATE'),
  '.fyers-link-key': () => storeProblem('FYERS_LINK_KEY'),
  '.fyers-token-claim-2026-11-25-1': () =>
    claimFiles(folder)
      .read('FYERS_TOKEN_CLAIM_2026-11-25_1')
      .then(String, (caught: unknown) => toError(caught).message),
};

describe.each(Object.entries(KINDS))('%s in the place of a file', (kind, make) => {
  test.each(Object.entries(READERS))('is refused by name: %s', async (name, read) => {
    const file = path.join(folder, name);
    await make(file);
    const problem = [await read()].flat().join();
    expect(problem).toContain(file);
    expect(problem).toContain(
      kind === 'a folder' ? 'is a folder' : 'is a pipe, a socket or a device',
    );
  });
});

test('The harvester reports a pipe in the place of calendar.json, and keeps its days', async () => {
  const file = path.join(folder, 'calendar.json');
  await makePipe(file);
  const problems: string[] = [];
  const dataDir = path.join(folder, 'data');
  await mkdir(dataDir);
  const own = overridesFile({
    ...{ dataDir, objects: null, operatorDir: folder },
    onProblem: (problem) => void problems.push(problem),
  });
  expect(await own.refresh()).toBe(false);
  expect(problems).toEqual([
    `${file} is a pipe, a socket or a device. Move it away. Only a regular file is read.`,
  ]);
});
