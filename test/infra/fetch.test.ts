// Runs the script that downloads the harvester to the instance, with a fake AWS CLI.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { userData } from '../../infra/instance/user-data.ts';
import { DEFAULTS } from '../support/stack-configs.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const folder = makeFolderPerTest();
beforeEach(() => {
  for (const name of ['bin', 'opt', 'bucket/artifact']) {
    mkdirSync(path.join(folder.path, name), { recursive: true });
  }
  symlinkSync(process.execPath, path.join(folder.path, 'bin', 'node-24'));
  // aws s3api get-object --bucket NAME --key KEY FILE
  writeExecutable('bin/aws', `[ "$4" = a-bucket ] && cp "${folder.path}/bucket/$6" "$7"`);
  writeExecutable('bin/systemctl', `echo "$@" >> ${folder.path}/systemctl.log`);
});

function writeExecutable(name: string, body: string): void {
  const file = path.join(folder.path, name);
  writeFileSync(file, `#!/bin/bash\n${body}\n`);
  chmodSync(file, 0o755);
}

function runScript(script: 'fetch' | 'upgrade') {
  const all = userData({
    ...DEFAULTS,
    symbols: [],
    everySeconds: 5,
    shard: 0,
    bucket: 'a-bucket',
  });
  const text = new RegExp(`^cat > /opt/fyers/${script} <<'(\\w+)'\\n([\\s\\S]*?)^\\1$`, 'm').exec(
    all,
  )?.[2];
  const { status, stderr } = spawnSync('bash', ['-s'], {
    input: text?.replaceAll('/opt/fyers', path.join(folder.path, 'opt')) ?? 'exit 99',
    env: { PATH: `${path.join(folder.path, 'bin')}:/usr/bin:/bin`, FYERS_BUCKET: 'a-bucket' },
    encoding: 'utf8',
  });
  return { status, stderr };
}

function upload(code: string, sha256 = createHash('sha256').update(code).digest('hex')): void {
  const key = `artifact/${sha256}.mjs`;
  writeFileSync(path.join(folder.path, 'bucket', key), code);
  writeFileSync(
    path.join(folder.path, 'bucket/artifact/current.json'),
    JSON.stringify({ key, sha256 }),
  );
}

const harvesterFile = () => path.join(folder.path, 'opt/harvester.mjs');

describe('The script fetch', () => {
  test('installs the file that current.json names, and leaves no other file', () => {
    upload('export const n = 1;');
    expect(runScript('fetch').status).toBe(0);
    expect(readFileSync(harvesterFile(), 'utf8')).toBe('export const n = 1;');
    expect(readdirSync(path.join(folder.path, 'opt'))).toEqual(['harvester.mjs']);
  });

  test('rejects code with a wrong SHA-256, and keeps the installed harvester', () => {
    upload('export const n = 1;');
    runScript('fetch');
    upload('export const n = 2;', 'f'.repeat(64));
    const { status, stderr } = runScript('fetch');
    expect(status).toBe(0);
    expect(stderr).toContain('using the installed one');
    expect(readFileSync(harvesterFile(), 'utf8')).toBe('export const n = 1;');
  });

  test('fails if there is neither a valid harvester nor an installed one', () => {
    expect(runScript('fetch').status).toBe(1);
    upload('export const n = 2;', 'f'.repeat(64));
    expect(runScript('fetch').status).toBe(1);
    expect(existsSync(harvesterFile())).toBe(false);
  });
});

describe('The script upgrade', () => {
  const restarts = () => existsSync(path.join(folder.path, 'systemctl.log'));

  test('restarts the service only if the bucket names another harvester', () => {
    upload('export const n = 1;');
    runScript('fetch');
    expect(runScript('upgrade').status).toBe(0);
    expect(restarts()).toBe(false);
    upload('export const n = 2;');
    expect(runScript('upgrade').status).toBe(0);
    expect(restarts()).toBe(true);
  });

  test('does not restart the service if the bucket does not answer', () => {
    expect(runScript('upgrade').status).not.toBe(0);
    expect(restarts()).toBe(false);
  });
});
