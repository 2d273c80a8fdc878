// Runs the program on the real engine with obstacles: an account with the reference's resources, a deploy that fails half
// way, new code, and a new stack after destroy. The steps depend on each other and run in order.
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { istDate, istInstant } from '../../core/time.ts';
import { type Faults, startFaults } from '../../sandbox/faults.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { ROOT, startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { clientOptions } from '../../sandbox/steps/token.ts';
import { main } from '../../cli/program.ts';
import { systemClock } from '../../adapters/process/clock.ts';
import { installReference, remaining } from '../support/reference-account.ts';
import { changesOf, onEngine } from './on-engine.ts';
import { copySources } from './program-copy.ts';

const SEED = 'heal';
const DATE = istDate('2026-11-25');
let standIns: StandIns;
let way: Faults;
let root = '';
let stack: PulumiStack;
let operatorDir = '';

onEngine('the program', () => {
  beforeAll(async () => {
    standIns = await startStandIns({ date: DATE, broker: 'accepting', env: null, seed: SEED });
    way = await startFaults(standIns.emulator.endpoint);
    root = path.join(standIns.dir, 'program');
    operatorDir = path.join(standIns.dir, 'pulumi', 'project');
    // The harvester is edited in it.
    await copySources(root);
    await symlink(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
    await mkdir(path.join(standIns.dir, 'pulumi'));
    const { rootCredentials } = standIns.emulator;
    const aws = { endpoint: way.url, ...rootCredentials };
    stack = await withCli({ dir: path.join(standIns.dir, 'pulumi'), root, aws });
    await stack.configSet('apiUrl', standIns.simulator.url, false);
    // Of the operator's folder only what takeover finds in the account is known.
    await stack.configSet('operatorDir', operatorDir, false);
    const { app } = standIns.operator;
    const at = istInstant(DATE, '06:30');
    await installReference(account(), {
      pin: app.pin,
      parameters: {
        FYERS_CLIENT_ID: app.id,
        FYERS_SECRET_KEY: app.secret,
        FYERS_ACCESS_TOKEN: mintToken(SEED, app, 'access_token', at),
        FYERS_REFRESH_TOKEN: mintToken(SEED, app, 'refresh_token', at),
      },
    });
  });

  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await way.close();
    await standIns[Symbol.asyncDispose]();
  });

  test('takes over the reference’s resources and values by its takeover command', async () => {
    const { values } = await remaining(account());
    const { code, out, err } = await fyers('takeover', '--yes');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const value of Object.values(values)) expect(out).not.toContain(value);
    expect(await remaining(account())).toEqual({
      rule: null,
      lambda: null,
      logGroup: false,
      role: false,
      values: {},
    });
    for (const [key, value] of [
      ['clientId', values['FYERS_CLIENT_ID']],
      ['secretKey', values['FYERS_SECRET_KEY']],
      ['pin', values['FYERS_PIN']],
    ] as const) {
      expect((await stack.cli(['config', 'get', key])).stdout.trim()).toBe(value);
      const yaml = await readFile(path.join(stack.place.folder, 'Pulumi.dev.yaml'), 'utf8');
      expect(yaml).not.toContain(value);
    }
  });

  test('stops at a resource that cannot be created, and names it', async () => {
    const denied = way.add({ match: { body: /Action=CreateTopic/ }, effect: DENIED });
    await expect(stack.up()).rejects.toThrow(/Topic/);
    expect(denied()).toBeGreaterThan(0);
  });

  test('creates the remaining resources in the next up', async () => {
    way.clear();
    const { changes } = await stack.up();
    expect(Object.keys(changes).toSorted()).toEqual(['create', 'same']);
    expect(await values()).toMatchObject({
      FYERS_CLIENT_ID: standIns.operator.app.id,
      FYERS_PIN: standIns.operator.app.pin,
    });
    expect((await values())['FYERS_ACCESS_TOKEN']).toBeDefined();
    expect((await stack.up()).steps).toEqual([]);
  });

  test('uploads new harvester code, updates the pointer, and changes nothing else', async () => {
    const file = path.join(root, 'harvester', 'main.ts');
    const source = await readFile(file, 'utf8');
    await writeFile(file, `${source}\nprocess.title = 'fyers-harvester';\n`);
    const done = changesOf(await stack.up());
    expect(new Set(done.map((change) => change.split(' ')[1]))).toEqual(
      new Set(['artifact', 'current-artifact']),
    );
    expect(done).toContain('update current-artifact');
  });

  test('deploys again after destroy, and names the changed login URL', async () => {
    await stack.configSet('redirectUri', 'loginUrl', false);
    await stack.up();
    const before = await outputs();
    await stack.destroy();
    await stack.up();
    const after = await outputs();
    expect(after.loginUrl).not.toBe(before.loginUrl);
    expect(after.nextStep).toContain(
      `The app must have exactly ${after.loginUrl} as its redirect URL`,
    );
    expect(after.nextStep).toContain('another one than before');
  });
});

const DENIED = {
  kind: 'answer',
  status: 403,
  headers: { 'content-type': 'text/xml' },
  body: '<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>not authorized to perform: SNS:CreateTopic</Message></Error></ErrorResponse>',
} as const;

const account = () => clientOptions(standIns.emulator);

async function values() {
  return (await remaining(account())).values;
}

async function outputs() {
  const { loginUrl, nextStep } = await stack.outputs();
  return { loginUrl: String(loginUrl), nextStep: String(nextStep) };
}

/** As the operator runs it in the project's folder. */
async function fyers(...argv: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    colour: false,
    columns: null,
    cwd: stack.place.folder,
    env: stack.place.env,
    clock: systemClock,
    aws: account(),
    person: null,
    piped: () => Promise.resolve(''),
    open: () => Promise.resolve(),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
