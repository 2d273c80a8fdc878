// Tests `fyers logs` against an independent emulator: logs of functions and the harvester, as text
// and JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test } from 'vitest';
import { type DayEvent, eventLine } from '../../core/recording/day-events.ts';
import { type Instant, SECOND, formatIso, istDate, istInstant, plus } from '../../core/time.ts';
import { loginNeeded, runFailed } from '../../core/token/log.ts';
import { openAccountsPerFile } from '../support/emulated-aws.ts';
import { pulumiStub } from '../support/pulumi-stub.ts';
import { ROOT } from '../support/source-tree.ts';
import { type LogLine, putLogLines } from '../support/stack-account.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';
import { openStagePerTest } from './cli-harness.ts';

const DATE = istDate('2026-11-25');
const NOON = istInstant(DATE, '12:00');
const at = (time: string): Instant => istInstant(DATE, time);

const dir = makeFolderPerFile();
const newAccount = openAccountsPerFile();
let aws: ReturnType<typeof newAccount>;
beforeEach(() => {
  aws = newAccount();
});
const on = openStagePerTest(() => ({ aws, now: NOON }));

const LOGIN_NEEDED = loginNeeded('policy', 'Login needed.');
const LINES: readonly LogLine[] = [
  { at: at('07:00'), text: 'START RequestId: 1 Version: $LATEST\n' },
  {
    at: at('07:00:03'),
    text: `${JSON.stringify({ ...LOGIN_NEEDED, time: formatIso(at('07:00:02')) })}\n`,
  },
  {
    at: at('07:00:04'),
    text: JSON.stringify({ ...runFailed('broker.unreachable', 'Fyers is away.'), time: 'soon' }),
  },
  { at: at('07:00:05'), text: '2026-11-25T01:30:05Z\t1\tERROR\tInvoke Error\t{"x":1}\n' },
  { at: at('07:00:06'), text: 'REPORT RequestId: 1 Duration: 9 ms\n' },
];

describe('fyers logs of a function', () => {
  test('prints Indian time, level, message and facts, without Lambda’s own lines', async () => {
    await putLogLines(aws, '/aws/lambda/FyersTokenRefresh', LINES);
    const { code, out, err } = await on.run('logs', 'refresh');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      '25 Nov 2026, 07:00:02 IST  warn   Login needed. (reason: policy)',
      '25 Nov 2026, 07:00:04 IST  error  Fyers is away. (code: broker.unreachable)',
      '25 Nov 2026, 07:00:05 IST  error  2026-11-25T01:30:05Z 1 ERROR Invoke Error {"x":1}',
    ]);
    expect((await on.run('logs', 'refresh', '--debug')).out.split('\n')).toHaveLength(5);
    const json = (await on.run('logs', 'refresh', '--json')).out.split('\n');
    expect(json.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      'platform',
      'warn',
      'error',
      'platform',
      'platform',
    ]);
  });

  test.each([
    ['one day by default', [], 1],
    ['for the duration of --since', ['--since', '25h'], 2],
  ])('looks back %s', async (_what, flags, count) => {
    const line = (when: Instant) => ({ at: when, text: 'a line' });
    await putLogLines(aws, '/aws/lambda/FyersWatch-paper', [
      line(plus(NOON, -24 * 3_600 * SECOND - 1)),
      line(plus(NOON, -24 * 3_600 * SECOND)),
    ]);
    const { out } = await on.run('logs', 'watch', '--suffix', 'paper', ...flags);
    expect(out.split('\n')).toHaveLength(count);
  });

  test('prints the next step if there is no log group, and reports if nothing was logged', async () => {
    const absent = await on.run('logs', 'login');
    expect(absent.code).toBe(2);
    expect(absent.err).toMatch(
      /^operator\.prerequisite: There is no log group \/aws\/lambda\/FyersLogin .*`pulumi up`/,
    );
    await putLogLines(aws, '/aws/lambda/FyersLogin', [{ at: at('07:00'), text: 'x' }]);
    const quiet = await on.run('logs', 'login', '--since', '5m');
    expect(quiet).toMatchObject({ code: 0, out: '' });
    expect(quiet.err).toContain('FyersLogin has logged nothing for 5m.');
  });

  test.each(['0d', '5', 'd', '1w', '-1d'])('refuses --since=%s', async (since) => {
    const { code, err } = await on.run('logs', 'refresh', `--since=${since}`);
    expect(code).toBe(2);
    expect(err).toMatch(/^operator\.usage: --since/);
  });

  test('rejects an unknown log name', async () => {
    expect((await on.run('logs', 'unknown')).code).toBe(2);
  });

  test('follows until Ctrl-C without repeating a line', async () => {
    const group = '/aws/lambda/FyersTokenRefresh';
    const start = Date.now() as Instant;
    await putLogLines(aws, group, [{ at: plus(start, -2 * SECOND), text: 'first' }]);
    const child = spawn(
      process.execPath,
      [path.join(ROOT, 'cli', 'main.js'), 'logs', 'refresh', '--follow'],
      {
        cwd: dir.path,
        env: {
          AWS_ENDPOINT_URL: aws.endpoint,
          AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: 'test',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await expect.poll(() => printed, { timeout: 20_000 }).toContain('first');
    for (const text of ['second', 'third']) {
      await putLogLines(aws, group, [{ at: Date.now() as Instant, text }]);
      await expect.poll(() => printed, { timeout: 20_000 }).toContain(text);
    }
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const words = printed
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(words).toEqual(['first', 'second', 'third']);
  });
});

const DAY: readonly DayEvent[] = [
  {
    event: 'plan',
    at: at('08:59'),
    symbols: ['NSE:SBIN-EQ'],
    everySeconds: 5,
    opensAt: at('09:00'),
    closesAt: at('16:00'),
    from: at('09:00'),
    feed: 'rest',
    session: 'regular',
    certainty: 'sourced',
    source: 'the exchange',
  },
  { event: 'started', at: at('08:59:01'), message: 'Recording' },
  {
    event: 'hole',
    at: at('09:05'),
    reason: 'late',
    symbols: ['NSE:SBIN-EQ'],
    from: at('09:00:05'),
    to: at('09:00:10'),
  },
];

/**
 * Creates a bucket with the objects. Its name must be unique, because all accounts share the names
 * in S3.
 */
async function createBucket(
  objects: Readonly<Record<string, readonly DayEvent[]>>,
): Promise<string> {
  const Bucket = `books-${aws.credentials.accessKeyId}`;
  const s3 = new S3Client({ ...aws, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket })).catch(() => undefined);
  for (const [name, events] of Object.entries(objects)) {
    const Body = gzipSync(events.map((event) => `${eventLine(event)}\n`).join(''));
    const Key = `depth/v2/${name}`;
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  }
  return Bucket;
}

describe('fyers logs harvester', () => {
  const [plan, started, hole] = DAY as [DayEvent, DayEvent, DayEvent];
  const YESTERDAY = 'date=2026-11-24/shard=0/events.jsonl.gz';

  test('shows the events of the latest day, from its pieces if there is no complete log', async () => {
    const bucket = await createBucket({
      [YESTERDAY]: [{ event: 'stopped', at: at('09:00'), message: 'old' }],
      'date=2026-11-25/shard=0/events-0001.jsonl.gz': [plan, started],
      'date=2026-11-25/shard=0/events-0002.jsonl.gz': [hole],
    });
    const { code, out, err } = await on.run('logs', 'harvester', '--bucket', bucket);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      '25 Nov 2026, 08:59:00 IST  info   plan: NSE:SBIN-EQ every 5 s, 09:00:00 to 16:00:00 (feed: rest, session: regular, certainty: sourced)',
      '25 Nov 2026, 08:59:01 IST  info   started: Recording',
      '25 Nov 2026, 09:05:00 IST  warn   hole: 09:00:05 to 09:00:10, late (symbols: NSE:SBIN-EQ)',
    ]);
    await createBucket({ 'date=2026-11-25/shard=0/events.jsonl.gz': [started] });
    const whole = await on.run('logs', 'harvester', '--bucket', bucket, '--json');
    expect(whole.out.split('\n')).toEqual([eventLine(started)]);
  });

  test('orders the events of several harvesters by time, and names the shard of each', async () => {
    const bucket = await createBucket({
      'date=2026-11-25/shard=0/events-0001.jsonl.gz': [started, hole],
      'date=2026-11-25/shard=1/events-0001.jsonl.gz': [started],
    });
    const { out } = await on.run('logs', 'harvester', '--bucket', bucket);
    expect(out.split('\n')).toEqual([
      '25 Nov 2026, 08:59:01 IST  info   started: Recording (shard: 0)',
      '25 Nov 2026, 08:59:01 IST  info   started: Recording (shard: 1)',
      expect.stringContaining('late (symbols: NSE:SBIN-EQ, shard: 0)'),
    ]);
  });

  test.each(['FYERS_BUCKET in .env', 'the stack’s output'])(
    'uses the bucket from %s',
    async (from) => {
      const bucket = await createBucket({
        'date=2026-11-25/shard=0/events.jsonl.gz': [started],
      });
      const pulumi = pulumiStub(path.join(dir.path, aws.credentials.accessKeyId));
      pulumi.answerOutput(`${bucket}\n`);
      await on.reopen({ aws, now: NOON, env: pulumi.env });
      if (from.startsWith('FYERS')) on.write('.env', `FYERS_BUCKET=${bucket}\n`);
      expect((await on.run('logs', 'harvester')).out).toContain('started: Recording');
      expect(pulumi.calls() === '').toBe(from.startsWith('FYERS'));
    },
  );

  test('prints the next step if the bucket does not exist, and reports if it has no day', async () => {
    const absent = await on.run('logs', 'harvester', '--bucket', 'nowhere');
    expect(absent.code).toBe(2);
    expect(absent.err).toMatch(/^operator\.config: There is no bucket nowhere.*--bucket/);
    await new S3Client({ ...aws }).send(new CreateBucketCommand({ Bucket: 'empty' }));
    const empty = await on.run('logs', 'harvester', '--bucket', 'empty');
    expect(empty).toMatchObject({ code: 0, out: '' });
    expect(empty.err).toContain('There is no event log for that time in s3://empty/depth/v2/');
  });
});
