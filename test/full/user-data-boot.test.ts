// Runs the user data of the instance up to a recording harvester: real script, units, code and AWS command line, with the
// emulator's bucket and IAM. Stand-ins: dnf, swapon, systemctl, and dd, because its gigabyte would be memory.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OBJECTS } from '../../core/config/names.ts';
import { istDate } from '../../core/time.ts';
import { startImds } from '../../sandbox/aws/imds.ts';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { startStandIns } from '../../sandbox/stand-ins.ts';
import { instanceOf } from '../../sandbox/steps/harvest-day.ts';
import { provision } from '../../sandbox/steps/provision.ts';
import { clientOptions } from '../../sandbox/steps/token.ts';
import { quietProgress } from '../support/quiet-progress.ts';
import { type PrivateRoot, privateRoot, whyNoPrivateRoot } from './private-root.ts';
import { DYNAMIC_USER, runOneShot, type Service, serviceOf } from './systemd-model.ts';

const CALLS = '/run/calls.log';
const HARVESTER = '/opt/fyers/harvester.mjs';
/** The first line that a harvester logs, at any hour. */
const READY = '"event":"session-awaited"';

const missing = whyNoPrivateRoot();
const title =
  missing === null ? 'The user data' : `The user data (skipped: no private root: ${missing})`;

describe.skipIf(missing !== null && process.env['CI'] !== 'true')(title, () => {
  const stack = new AsyncDisposableStack();
  let root: PrivateRoot;
  let service: Service;
  let s3: S3Client;
  let bucket = '';
  let script = '';
  let manager: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    const standIns = stack.use(
      await startStandIns({
        date: istDate('2026-11-25'),
        broker: 'accepting',
        env: null,
        seed: 'boot',
      }),
    );
    const { dir, emulator } = standIns;
    const { outputs, registered } = await provision(standIns, quietProgress);
    bucket = String(outputs['bucket']);
    s3 = new S3Client({ ...clientOptions(emulator), forcePathStyle: true });
    const account = String(outputs['topic']).split(':')[4] ?? '';
    const { roleArn } = instanceOf(registered, (role) => `arn:aws:iam::${account}:role/${role}`);
    const instance = registered.resources.find(({ type }) => type === 'aws:ec2/instance:Instance');
    script = String(instance?.inputs['userData']);
    const imds = await startImds(emulator, roleArn);
    stack.defer(() => imds.close());
    manager = {
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
    };
    const [base, tools] = [path.join(dir, 'root'), path.join(dir, 'tools')];
    for (const folder of [base, tools]) await mkdir(folder);
    await writeTools(tools);
    root = stack.use(await privateRoot({ base, tools, node: process.execPath }));
  });
  afterAll(async () => {
    await stack.disposeAsync();
  });

  const calls = async (of: string): Promise<readonly string[]> =>
    (await root.run(['cat', CALLS])).stdout.split('\n').filter((line) => line.startsWith(of));
  const installed = async () => (await root.run(['sha256sum', HARVESTER])).stdout.slice(0, 64);
  const object = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return (await Body?.transformToString()) ?? '';
  };
  const pointer = async () =>
    JSON.parse(await object(OBJECTS.currentArtifact)) as { key: string; sha256: string };

  test('creates swap and enables its units', async () => {
    const file = '/var/lib/cloud/instance/scripts/part-001';
    await root.run(['mkdir', '--parents', path.dirname(file)]);
    await root.run(['tee', file], undefined, script);
    await root.run(['chmod', '0700', file]);
    const { code, stderr } = await root.run([file]);
    expect(code, stderr).toBe(0);
    expect(await calls('swapon')).toEqual(['swapon --all']);
    const swap = await root.run(['stat', '--format=%a %s', '/swapfile']);
    expect(swap.stdout).toBe('600 1073741824\n');
    expect((await root.run(['tail', '-n', '1', '/etc/fstab'])).stdout).toMatch(/^\/swapfile none/);
    expect(await calls('systemctl')).toEqual([
      'systemctl daemon-reload',
      'systemctl enable --now --no-block fyers-harvester.service fyers-upgrade.timer fyers-updates.timer',
    ]);
  });

  test('starts the harvester from the bucket after a failed package installation is retried', async () => {
    service = stack.use(await serviceOf(root, 'fyers-harvester.service', manager));
    service.start();
    await service.said(READY);
    // The stand-in fails the first time.
    expect(await calls('dnf')).toEqual(Array(2).fill('dnf --assumeyes install nodejs24'));
    expect(service.waits).toEqual([10]);
    expect(await installed()).toBe((await pointer()).sha256);
  });

  test('runs the harvester without privileges, in its own folder', async () => {
    const status = (await root.run(['cat', `/proc/${String(service.pid())}/status`])).stdout;
    expect(status).toMatch(new RegExp(`^Uid:\\t${String(DYNAMIC_USER)}\\t`, 'm'));
    expect(status).toMatch(/^CapEff:\t0+$/m);
    const data = await root.run(['stat', '--format=%u %a', '/var/lib/fyers-harvester']);
    expect(data.stdout).toBe(`${String(DYNAMIC_USER)} 700\n`);
  });

  test('restarts a killed harvester', async () => {
    const before = service.pid();
    process.kill(before ?? 0, 'SIGKILL');
    await service.said(READY, 2);
    expect(service.waits).toEqual([10, 10]);
    expect(service.pid()).not.toBe(before);
  });

  test('does not restart the harvester at the timer if the code is the same', async () => {
    await runOneShot(root, 'fyers-upgrade.service', manager);
    expect(await calls('systemctl restart')).toEqual([]);
  });

  test('replaces the harvester at the timer if the bucket has newer code', async () => {
    const code = `process.stdout.write('newer code\\n');${await object((await pointer()).key)}`;
    const sha256 = createHash('sha256').update(code).digest('hex');
    const key = OBJECTS.artifact(sha256);
    for (const [Key, Body] of [
      [key, code],
      [OBJECTS.currentArtifact, JSON.stringify({ key, sha256 })],
    ] as const) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    }
    await runOneShot(root, 'fyers-upgrade.service', manager);
    expect(await calls('systemctl restart')).toEqual(['systemctl restart fyers-harvester.service']);
    expect(await service.stop()).toBe(0);
    expect(service.output()).not.toContain('newer code');
    service.start();
    await service.said('newer code');
    await service.said(READY, 3);
    expect(await installed()).toBe(sha256);
    expect(await service.stop()).toBe(0);
  });
});

/** Each notes how it was called. */
async function writeTools(folder: string): Promise<void> {
  const { python } = await ensureVenv('awscli', ['awscli==1.46.2']);
  const tools = {
    aws: `exec ${python} -m awscli "$@"`,
    dnf: '[ "$(grep -c ^dnf /run/calls.log)" -gt 1 ] && ln -s /usr/local/lib/node /usr/bin/node-24',
    dd: 'truncate --size=1G /swapfile',
    swapon: 'true',
    systemctl: 'true',
  };
  for (const [name, body] of Object.entries(tools)) {
    const text = `#!/bin/bash\necho "\${0##*/} $*" >> ${CALLS}\n${body}\n`;
    await writeFile(path.join(folder, name), text, { mode: 0o755 });
  }
}
