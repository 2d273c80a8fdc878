// Runs a few days in which the keeper writes each of its outputs, and collects the outputs.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isLastSlot } from '../../core/schedule.ts';
import { DAY, type IstDate, istDate, istDateAt, istInstant, plus } from '../../core/time.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { type Stage, stage } from '../cli/cli-harness.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { linkIn, logIn, throughFyers } from './login-person.ts';
import {
  type FailedRun,
  LOGIN_URL,
  OTHER_ACCOUNT,
  type Page,
  type Deployment,
  startDeployment,
} from './deployment.ts';

export interface Secrets {
  readonly pin: string;
  readonly appSecret: string;
  /** The seed of the broker's tokens. */
  readonly seed: string;
  /** Wrong values are secret, too: they may differ from the correct one in a digit. */
  readonly wrongPins: readonly [string, string];
  readonly wrongAppSecret: string;
  readonly malformedAppSecret: string;
}

/** By class, in the order in which they were written. */
export interface Outputs {
  readonly logs: readonly string[];
  readonly messages: readonly string[];
  readonly pages: readonly string[];
  readonly errors: readonly string[];
  readonly answers: readonly string[];
  readonly states: readonly string[];
  readonly claims: readonly string[];
  readonly commands: readonly string[];
  readonly files: readonly string[];
}

type Class = Exclude<keyof Outputs, 'logs'>;
type OutputRun = Readonly<Record<Class, string[]>> & {
  readonly deployment: Deployment;
  readonly mail: string[];
};

const MONDAY = istDate('2026-11-23');
const WEDNESDAY = istDate('2026-11-25');
const THURSDAY = istDate('2026-11-26');
const FRIDAY = istDate('2026-11-27');

export async function runSecretDays(emulator: Emulator, secrets: Secrets): Promise<Outputs> {
  const startsAt = istInstant(MONDAY, '06:00');
  await using deployment = await startDeployment({
    emulator,
    suffix: '',
    startsAt,
    fyId: null,
    ...secrets,
  });
  const writing: OutputRun = {
    deployment,
    mail: [],
    messages: [],
    pages: [],
    errors: [],
    answers: [],
    states: [],
    claims: [],
    commands: [],
    files: [],
  };
  await monday(writing);
  await wednesday(writing);
  await thursday(writing, secrets);
  await friday(writing, secrets);
  await runCommands(writing, secrets);
  const { messages, pages, errors, answers, states, claims, commands, files } = writing;
  const logs = deployment.lines;
  return { logs, messages, pages, errors, answers, states, claims, commands, files };
}

/** The broker accepts refresh tokens. */
async function monday(writing: OutputRun): Promise<void> {
  await runSlots(writing, MONDAY, ['07:00', '07:30']);
  // A day off.
  await runSlots(writing, istDate('2026-11-24'), ['07:00']);
}

/** The broker refuses refresh tokens by policy. A person logs in and opens pages again. */
async function wednesday(writing: OutputRun): Promise<void> {
  const { deployment } = writing;
  deployment.fyers.state.refresh = 'refused';
  await runSlots(writing, WEDNESDAY, ['07:00', '07:30']);
  await recordPages(writing, await logIn(deployment, mailOf(writing), 'clumsy'));
  await recordPages(writing, await logIn(deployment, mailOf(writing), 'again'));
  await recordPages(writing, [await deployment.visit('/'), await deployment.visit('/ask', 'POST')]);
  await recordStore(writing);
}

/** A probe succeeds. Then the token is revoked, the PIN is wrong, and another account logs in. */
async function thursday(writing: OutputRun, secrets: Secrets): Promise<void> {
  const { deployment } = writing;
  const { cloud, fyers } = deployment;
  fyers.state.refresh = 'accepted';
  at(deployment, THURSDAY, '06:10');
  await recordOutcome(writing, deployment.refresh({ kind: 'operator', probe: true }));
  fyers.state.revoked.add((await cloud.parameter('FYERS_ACCESS_TOKEN'))?.value ?? '');
  await cloud.setPin(secrets.wrongPins[0]);
  await runSlots(writing, THURSDAY, ['07:00']);
  const link = linkIn(mailOf(writing)) ?? '';
  await recordPages(writing, await logIn(deployment, mailOf(writing), 'foreign'));
  await recordPages(writing, await logIn(deployment, mailOf(writing), 'cancelling'));
  const forged = `2026112600000000${'0'.repeat(64)}`;
  for (const code of ['a.b.c', `${'a'.repeat(20)}.b.c`]) {
    await recordPages(writing, [
      await deployment.visit(`/?s=ok&auth_code=${code}&state=${forged}`),
    ]);
  }
  await withWrongAppSecret(writing, link, secrets);
  await adoptions(writing);
  await runSlots(writing, THURSDAY, ['09:30']);
  at(deployment, THURSDAY, '18:00');
  await recordPages(writing, [await deployment.visit(link)]);
}

/** Stores a wrong app secret. Earlier links still open, because another key signs them. */
async function withWrongAppSecret(
  writing: OutputRun,
  link: string,
  secrets: Secrets,
): Promise<void> {
  const { deployment } = writing;
  const { cloud } = deployment;
  await cloud.setParameter('FYERS_SECRET_KEY', secrets.wrongAppSecret);
  await cloud.setPin(secrets.wrongPins[1]);
  await recordPages(writing, [
    await deployment.visit(link),
    await deployment.visit('/ask', 'POST'),
  ]);
  await recordPages(writing, await logIn(deployment, mailOf(writing), 'right'));
  await runSlots(writing, THURSDAY, ['07:30', '08:45']);
  await cloud.setParameter('FYERS_SECRET_KEY', deployment.app().secret);
  await cloud.setPin(deployment.app().pin);
}

async function adoptions(writing: OutputRun): Promise<void> {
  const { deployment } = writing;
  const now = deployment.clock.now();
  const offers = [
    'a.b.c',
    deployment.token('access_token', plus(now, -DAY)),
    deployment.token('access_token', now, OTHER_ACCOUNT),
    deployment.token('access_token', now),
  ];
  for (const accessToken of offers) {
    const refreshToken = deployment.token('refresh_token', now);
    await recordOutcome(writing, deployment.adopt({ accessToken, refreshToken }));
  }
}

/** The broker is down, the topic and the store fail, and a parameter is malformed. */
async function friday(writing: OutputRun, secrets: Secrets): Promise<void> {
  const { deployment } = writing;
  const { faults } = deployment.cloud;
  deployment.fyers.state.isDown = true;
  await runSlots(writing, FRIDAY, ['07:00']);
  deployment.fyers.state.isDown = false;
  await deployment.cloud.setParameter('FYERS_REFRESH_TOKEN', 'placeholder: no token yet');
  faults.add({
    match: { body: /Action=Publish/ },
    effect: { kind: 'answer', status: 503, body: '' },
  });
  await runSlots(writing, FRIDAY, ['07:30']);
  for (const target of [/GetParameter$/, /PutParameter$/]) {
    faults.clear();
    faults.add({ match: { target }, effect: { kind: 'throttle' } });
    await runSlots(writing, FRIDAY, ['08:15']);
    await recordPages(writing, [await deployment.visit('/ask', 'POST')]);
  }
  faults.clear();
  await deployment.cloud.setParameter('FYERS_SECRET_KEY', secrets.malformedAppSecret);
  await runSlots(writing, FRIDAY, ['08:45']);
  await deployment.cloud.setParameter('FYERS_SECRET_KEY', deployment.app().secret);
}

/** Runs commands, and collects their output and files. */
async function runCommands(writing: OutputRun, { pin, appSecret }: Secrets): Promise<void> {
  const { deployment } = writing;
  const now = istInstant(FRIDAY, '12:00');
  deployment.clock.advanceTo(now);
  let page = '';
  await using at = await stage({
    clock: virtualClock(now),
    aws: deployment.cloud.aws,
    open: (url) => {
      page = url;
      return Promise.resolve();
    },
    person: {
      ask: async () => (await throughFyers(deployment, page, 'right')) ?? '',
      confirm: () => Promise.resolve(true),
    },
  });
  const keys = `FYERS_CLIENT_ID=${deployment.app().id}\nFYERS_SECRET_KEY=${appSecret}\n`;
  at.write(
    '.env',
    `${keys}FYERS_API_URL=${deployment.fyers.url}\nFYERS_REDIRECT_URI=${LOGIN_URL}\nFYERS_PIN=${pin}\n`,
  );
  for (const command of COMMANDS) {
    const { code, out, err } = await at.run(...command.split(' '));
    writing.commands.push(`$ ${command}\n${out}\n${err}\nexit code ${String(code)}`);
  }
  writing.files.push(...filesOf(at));
}

const COMMANDS = [
  'tokens --offline',
  'login --paste --local',
  'tokens',
  'tokens --json',
  'refresh --local',
  'tokens --use-ssm',
  'ssm list',
  'ssm get FYERS_ACCESS_TOKEN',
  'ssm get FYERS_SECRET_KEY',
  'ssm get FYERS_PIN',
];

function filesOf({ folder }: Stage): readonly string[] {
  return readdirSync(folder)
    .sort()
    .filter((name) => name !== '.env')
    .map((name) => {
      const file = path.join(folder, name);
      const mode = (statSync(file).mode & 0o777).toString(8);
      return `${name} ${mode} ${readFileSync(file, 'utf8').trimEnd()}`;
    });
}

function at(deployment: Deployment, date: IstDate, time: string): void {
  deployment.clock.advanceTo(istInstant(date, time));
}

/** Runs the refresh or the watch of each slot. */
async function runSlots(
  writing: OutputRun,
  date: IstDate,
  slots: readonly string[],
): Promise<void> {
  const { deployment } = writing;
  for (const slot of slots) {
    at(deployment, date, slot);
    const trigger = { kind: 'slot', slot, last: isLastSlot(slot) } as const;
    await recordOutcome(
      writing,
      slot === '08:45' || slot === '09:30' ? deployment.watch(slot) : deployment.refresh(trigger),
    );
    await recordStore(writing);
  }
}

async function recordOutcome(writing: OutputRun, run: Promise<object | FailedRun>): Promise<void> {
  const outcome = await run;
  if ('failure' in outcome) {
    const { message, code, nextStep, stack = '' } = outcome.failure;
    writing.errors.push(`${code}: ${message}\n${nextStep}\n${stack.split('\n')[0] ?? ''}`);
  } else writing.answers.push(JSON.stringify(outcome));
}

function recordPages(writing: OutputRun, pages: readonly Page[]): Promise<void> {
  writing.pages.push(...pages.map((page) => JSON.stringify(page)));
  return recordStore(writing);
}

/** Records the store and the mailbox after a step. */
async function recordStore(writing: OutputRun): Promise<void> {
  const { cloud, clock } = writing.deployment;
  for (const { subject, text } of await cloud.mail()) {
    writing.messages.push(`${subject}\n${text}`);
    writing.mail.push(text);
  }
  for (const name of ['FYERS_TOKEN_STATE', 'FYERS_LOGIN_STATE'] as const) {
    const state = await cloud.parameter(name);
    if (state !== null) writing.states.push(`${name} ${state.value}`);
  }
  const claim = await cloud.claim(istDateAt(clock.now()), 1);
  if (claim !== null) writing.claims.push(claim);
}

function mailOf({ mail }: OutputRun) {
  return mail.map((text) => ({ subject: '', text }));
}
