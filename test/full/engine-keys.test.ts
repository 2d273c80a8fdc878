// Checks on the real engine what configuration keys change in an existing stack, and that it changes nothing else.
// Every row starts from the same stack. A preview counts what depends on a changed function as changed, because the
// function's version is not known before it is made. `customerKey`, `readers` and `reservedConcurrency`: options.test.ts;
// `harvesters`: harvesters.test.ts.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { istDate } from '../../core/time.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { ROOT, startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { changesOf, onEngine } from './on-engine.ts';

const DATE = istDate('2026-11-25');
let standIns: StandIns;
let stack: PulumiStack;

/** A function or its environment: those that start it follow. */
const REFRESH = ['update refresh', ...['0700', '0730', '0815'].map((at) => `update refresh-${at}`)];
const WATCH = [
  'update watch',
  ...['0720', '0845', '0905', '0930'].map((at) => `update watch-${at}`),
];
const FUNCTIONS = ['update fyers-schedule', 'update login', ...REFRESH, ...WATCH];
/** The alarms that name the instance or its grid. */
const INSTANCE_ALARMS = [
  'harvester-silent',
  'slots-missed',
  'disk-filling',
  'harvester-fault',
].concat(['machine-impaired', 'instance-impaired']);

/** By operation and name; a replacement is one of them, and what Pulumi makes of it three. */
const ROWS: readonly (readonly [key: string, value: string, changes: readonly string[]])[] = [
  [
    'athena',
    'true',
    [
      ...['athena', 'fyers-depth', 'fyers-depth', 'depth', 'book-at-an-instant', 'closing-auction'],
      ...['coverage-by-day', 'marks-by-day', 'spread-by-minute'],
    ].map((name) => `create ${name}`),
  ],
  ['dashboard', 'true', ['create dashboard', 'create fyers']],
  [
    'watchReads',
    'true',
    [
      ...Array.from({ length: 7 }, () => 'create fyers-reads'),
      ...Array.from({ length: 4 }, () => 'create reads'),
    ],
  ],
  ['email', 'a@example.com', ['create email', 'update fyers-messages', 'update monthly']],
  ['budgetDollars', '30', ['update monthly']],
  [
    'telegram',
    '7000000001:AAbot-token_of_telegram_0000000000/-100200300',
    [
      'create telegram',
      ...['login', 'refresh', 'watch'].map((actor) => `update fyers-${actor}`),
      ...FUNCTIONS,
    ],
  ],
  ['days', 'all', FUNCTIONS],
  [
    'symbols',
    'NSE:SBIN-EQ',
    [
      ...['create-replacement', 'delete-replaced', 'replace'].map((op) => `${op} harvester`),
      ...INSTANCE_ALARMS.map((name) => `update ${name}`),
      'update instance-plan',
    ],
  ],
  ['instanceType', 't4g.small', ['update harvester', 'update instance-plan']],
  ['deleteData', 'true', ['update fyers-depth']],
  ['replaceInSession', 'true', []],
];
const SECRETS = new Set(['telegram']);

onEngine('the key', () => {
  beforeAll(async () => {
    standIns = await startStandIns({ date: DATE, broker: 'accepting', env: null, seed: 'keys' });
    const dir = path.join(standIns.dir, 'pulumi');
    await mkdir(dir);
    const { endpoint, rootCredentials } = standIns.emulator;
    stack = await withCli({ dir, root: ROOT, aws: { endpoint, ...rootCredentials } });
    await stack.configSet('operatorDir', standIns.operator.dir, false);
    await stack.configSet('apiUrl', standIns.simulator.url, false);
    await stack.up();
  });

  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await standIns[Symbol.asyncDispose]();
  });

  test.each(ROWS)('%s changes only the listed resources', async (key, value, changes) => {
    await stack.configSet(key, value, SECRETS.has(key));
    const named = changesOf(await stack.preview());
    await stack.configSet(key, '', SECRETS.has(key));
    expect(named).toEqual(changes.toSorted());
  });

  test('harvester: false deletes instance, bucket, role and alarms of the harvester, and keeps the token parameters', async () => {
    await stack.configSet('harvester', 'false', false);
    const named = changesOf(await stack.preview());
    const isDelete = (change: string) => change.startsWith('delete ');
    // A proof of a token no longer reads market depth.
    expect(named.filter((change) => !isDelete(change))).toEqual([...FUNCTIONS].sort());
    const gone = new Set(named.filter(isDelete).map((change) => change.slice('delete '.length)));
    expect([...gone].toSorted()).toEqual(
      [
        ...INSTANCE_ALARMS,
        ...['artifact', 'current-artifact', 'fyers', 'fyers-depth', 'fyers-harvester'],
        ...['harvester', 'instance-plan'],
      ].toSorted(),
    );
  });
});
