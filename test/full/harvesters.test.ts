// Deploys several harvesters on the real engine, and checks the order in which one is replaced. The steps depend on each
// other and run in order.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { REFERENCE_SYMBOLS } from '../../core/config/names.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { ROOT, startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { DATE, machinesIn, onEngine, setProgramClock } from './on-engine.ts';

let standIns: StandIns;
let stack: PulumiStack;
let clockDir = '';

onEngine('several harvesters', () => {
  beforeAll(async () => {
    standIns = await startStandIns({ date: DATE, broker: 'accepting', env: null, seed: 'shards' });
    const dir = path.join(standIns.dir, 'pulumi');
    clockDir = path.join(standIns.dir, 'clock');
    for (const folder of [dir, clockDir]) await mkdir(folder);
    const { endpoint, rootCredentials } = standIns.emulator;
    const env = { NODE_OPTIONS: await setProgramClock(clockDir, '07:30') };
    stack = await withCli({ dir, root: ROOT, aws: { endpoint, ...rootCredentials }, env });
    await stack.configSet('operatorDir', standIns.operator.dir, false);
    await stack.configSet('apiUrl', standIns.simulator.url, false);
    await stack.configSet('everySeconds', '10', false);
    await stack.up();
  });

  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await standIns[Symbol.asyncDispose]();
  });

  test('are added without a change to the existing one', async () => {
    const before = await machinesIn(standIns);
    expect(before).toHaveLength(1);
    await harvestersByHand(REFERENCE_SYMBOLS, ['NSE:TCS-EQ']);
    const made = await changes();
    expect(made.filter((change) => !/^begins create \S+-1$/.test(change)).toSorted()).toEqual([
      'begins update monthly',
    ]);
    expect(made).toContain('begins create harvester-1');
    expect(await machinesIn(standIns)).toHaveLength(2);
    expect(await machinesIn(standIns)).toEqual(expect.arrayContaining([...before]));
    expect((await stack.outputs())['harvesters']).toHaveLength(2);
  });

  test('are deleted before their replacements are created, so that two never write one day', async () => {
    const before = await machinesIn(standIns);
    const [first, ...others] = REFERENCE_SYMBOLS;
    await harvesters(others, ['NSE:TCS-EQ', first]);
    const done = await changes(/^(?:begins|ends) (?:delete|create)\S* harvester(?:-1)?$/);
    for (const name of ['harvester', 'harvester-1']) {
      expect(done.filter((change) => change.endsWith(` ${name}`))).toEqual([
        `begins delete-replaced ${name}`,
        `ends delete-replaced ${name}`,
        `begins create-replacement ${name}`,
        `ends create-replacement ${name}`,
      ]);
    }
    const after = await machinesIn(standIns);
    expect(after).toHaveLength(2);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  test('are not changed during a session, not even by an added symbol', async () => {
    const before = await machinesIn(standIns);
    await setProgramClock(clockDir, '10:00');
    const [, moved, ...kept] = REFERENCE_SYMBOLS;
    await harvesters(kept, ['NSE:TCS-EQ', REFERENCE_SYMBOLS[0]], [moved]);
    await expect(stack.up()).rejects.toThrow(/from 08:45 to 16:30 IST that is refused/);
    expect(await machinesIn(standIns)).toEqual(before);
  });
});

/** The list as a person writes it, element by element. */
async function harvestersByHand(...symbols: readonly (readonly string[])[]): Promise<void> {
  for (const [shard, own] of symbols.entries()) {
    const place = `harvesters[${String(shard)}].symbols`;
    const { code } = await stack.cli(['config', 'set', '--path', place, own.join(',')]);
    expect(code).toBe(0);
  }
}

/** The same, at once. */
async function harvesters(...symbols: readonly (readonly string[])[]): Promise<void> {
  const list = symbols.map((own) => ({ symbols: own }));
  await stack.configSet('harvesters', JSON.stringify(list), false);
}

const event = z.object({
  resourcePreEvent: z.optional(
    z.object({ metadata: z.object({ op: z.string(), urn: z.string() }) }),
  ),
  resOutputsEvent: z.optional(
    z.object({ metadata: z.object({ op: z.string(), urn: z.string() }) }),
  ),
});

/** What an `up` did, in the order in which the engine began and ended it. */
async function changes(which = /^begins (?!same|read|refresh)/): Promise<readonly string[]> {
  const up = ['up', '--json', '--yes', '--skip-preview', '--stack', 'dev'];
  const { code, stdout, stderr } = await stack.cli(up);
  expect(code, stderr).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      const { resourcePreEvent, resOutputsEvent } = event.parse(JSON.parse(line));
      const verb = resourcePreEvent === undefined ? 'ends' : 'begins';
      const metadata = (resourcePreEvent ?? resOutputsEvent)?.metadata;
      if (metadata === undefined) return [];
      return `${verb} ${metadata.op} ${metadata.urn.split('::').slice(3).join('::')}`;
    })
    .filter((change) => which.test(change));
}
