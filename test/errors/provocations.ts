// Every code of the closed list, provoked for real: over loopback, against the simulator, the emulator and real files.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SNSClient } from '@aws-sdk/client-sns';
import { topicChannel } from '../../adapters/aws/topic.ts';
import { allChannels } from '../../adapters/channels.ts';
import { claimFiles } from '../../adapters/files/claim-files.ts';
import { fyersBroker } from '../../adapters/fyers/broker.ts';
import type { AwsOptions } from '../../cli/io.ts';
import { type ErrorCode, FyersError } from '../../core/errors.ts';
import { namesFor } from '../../core/names.ts';
import type { Trigger } from '../../core/token/decide.ts';
import { brokerDay, formatUtc, istInstant, istDate } from '../../core/time.ts';
import { refresh } from '../../keeper/refresh.ts';
import { watch } from '../../keeper/watch.ts';
import { startFaults } from '../../sandbox/faults.ts';
import { startFyers } from '../../sandbox/fyers/server.ts';
import { folderFor, human, simulatedFyers } from '../cli/login-stage.ts';
import { type StageOptions, stage } from '../cli/stage.ts';
import {
  SEVEN,
  SIMULATED_APP,
  type World,
  accessToken,
  keeperWorld,
} from '../support/keeper-world.ts';
import { installFunction } from '../support/reference-account.ts';

/** What a person reads: for a command its whole message, code first. */
interface Provoked {
  readonly code: string;
  readonly text: string;
}

export type Provocation = (aws: AwsOptions) => Promise<Provoked>;

const signal = new AbortController().signal;
const OPERATOR: Trigger = { kind: 'operator', probe: false };
const ABSENT_PORT = 'http://127.0.0.1:9';

export const PROVOCATIONS: Readonly<Record<ErrorCode, Provocation>> = {
  'operator.config': () => command({ env: { FYERS_FY_ID: 'no account' } }, 'tokens', '--offline'),
  'operator.usage': () => command({}, 'refresh'),
  'operator.credentials': () => command({}, 'ssm', 'get', 'FYERS_ACCESS_TOKEN'),
  'operator.app-secret': () => refreshing({ secret: 'OTHERSECRET99' }),
  'operator.account': () => refreshing({ fyId: 'XB00002' }),
  'operator.token-file': async () => {
    await using at = await stage();
    at.write('.env', 'FYERS_CLIENT_ID=ABCD1234EF-100\n');
    at.write('access_token.txt', 'two words');
    return said(await at.run('tokens', '--offline'));
  },
  'operator.takeover': async (aws) => {
    await installFunction(aws, { runtime: 'python3.10', handler: 'somebody.elses' });
    return command({ aws }, 'takeover', '--yes');
  },
  'operator.login': () => watching(keeperWorld(), '08:45'),
  'operator.channel': () => {
    const world = keeperWorld();
    world.listener = false;
    return watching(world, '07:20');
  },
  'operator.prerequisite': async () => {
    await using at = await stage({ env: { PATH: '' } });
    at.write('.env', 'FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SECRET_KEY=SECRETKEY1\n');
    return said(await at.run('configure'));
  },
  'broker.unreachable': () => refreshing({ apiUrl: ABSENT_PORT }),
  'broker.unrecognised': () => loggingIn('{"s":"error","code":-999,"message":"Something new"}'),
  'broker.bad-token': () => {
    const access_token = accessToken(istInstant(istDate('2026-11-24'), '12:00'));
    return loggingIn(JSON.stringify({ s: 'ok', access_token }));
  },
  'platform.store': () => command({ parameters: 'unreachable' }, 'ssm', 'list'),
  'platform.permission': () => command({ parameters: 'denied' }, 'ssm', 'list'),
  'platform.busy': async () => {
    const world = keeperWorld();
    const claim = namesFor('').claim(brokerDay(SEVEN), 1);
    await world.ports.claims.take(claim, formatUtc(SEVEN));
    // Its holder is alive as long as it is waited for.
    world.ports.claims.read = () => Promise.resolve(formatUtc(world.clock.now()));
    return thrown(() => refresh(world.ports, world.settings, OPERATOR, signal));
  },
  'platform.message': (aws) => {
    const topic = topicChannel(new SNSClient(aws), 'arn:aws:sns:ap-south-1:1:not-there');
    const channels = allChannels([topic], () => undefined);
    return thrown(() => channels.send({ subject: 'A test', text: 'A test.' }));
  },
  'platform.disk': () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'fyers-errors-')), 'no-folder');
    writeFileSync(file, '');
    return thrown(() => claimFiles(file).take('FYERS_TOKEN_CLAIM_1', 'now'));
  },
  'platform.integrity': () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_TOKEN_STATE', 'rubbish');
    return thrown(() => refresh(world.ports, world.settings, OPERATOR, signal));
  },
  'bug.unexpected': () => command({ parameters: 'broken' }, 'ssm', 'list'),
};

async function thrown(work: () => Promise<unknown>): Promise<Provoked> {
  try {
    await work();
  } catch (caught) {
    if (caught instanceof FyersError) return { code: caught.code, text: caught.message };
    throw caught;
  }
  throw new Error('nothing was thrown');
}

async function command(options: StageOptions, ...argv: readonly string[]): Promise<Provoked> {
  await using at = await stage(options);
  return said(await at.run(...argv));
}

function said({ err }: { readonly err: string }): Provoked {
  const [, code = '', text = ''] = /^([a-z]+\.[a-z-]+): ([\s\S]*)$/m.exec(err) ?? [];
  return { code, text };
}

/** The keeper over the real adapter and a Fyers that refreshes. */
async function refreshing(with_: {
  readonly secret?: string;
  readonly fyId?: string;
  readonly apiUrl?: string;
}): Promise<Provoked> {
  const fyers = await startFyers({
    seed: 'test',
    apps: [SIMULATED_APP],
    refresh: 'accepted',
    startsAt: SEVEN,
  });
  try {
    const world = keeperWorld({ settings: { fyId: with_.fyId ?? null } });
    if (with_.secret !== undefined) world.parameters.set('FYERS_SECRET_KEY', with_.secret);
    const broker = fyersBroker({ apiUrl: with_.apiUrl ?? fyers.url, onSecret: () => undefined });
    const ports = { ...world.ports, broker };
    const first: Trigger = { kind: 'slot', slot: '07:00', last: false };
    return await thrown(() => refresh(ports, world.settings, first, signal));
  } finally {
    await fyers.close();
  }
}

function watching(world: World, slot: '07:20' | '08:45'): Promise<Provoked> {
  world.clock.set(istInstant(istDate('2026-11-25'), slot));
  return thrown(() => watch(world.ports, world.settings, slot, signal));
}

/** A login from the command line, where Fyers answers the exchange of the code with `body`. */
async function loggingIn(body: string): Promise<Provoked> {
  await using fyers = await simulatedFyers();
  const faults = await startFaults(fyers.url);
  try {
    const effect = { kind: 'answer', status: 200, body } as const;
    faults.add({ match: { path: /validate-authcode/ }, nth: [1], effect });
    const me = human();
    await using at = await folderFor({ ...fyers, url: faults.url }, me);
    return said(await at.run('login'));
  } finally {
    await faults.close();
  }
}
