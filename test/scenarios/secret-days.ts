// A few days in which the keeper says everything it has to say, and all that was written in them.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isLastSlot } from '../../core/schedule.ts';
import { DAY, type IstDate, istDate, istDateAt, istInstant, plus } from '../../core/time.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { type Stage, stage } from '../cli/cli-harness.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { linkIn, logIn, throughFyers } from './login-person.ts';
import { type Failed, LOGIN_URL, OTHER_ACCOUNT, type Page, type World, newWorld } from './deployment.ts';

export interface Secrets {
  readonly pin: string;
  readonly appSecret: string;
  /** Of the broker's tokens. */
  readonly seed: string;
  /** What the operator gets wrong is as secret: it may be right but for a digit. */
  readonly wrongPins: readonly [string, string];
  readonly wrongAppSecret: string;
  readonly malformedAppSecret: string;
}

/** By class, in the order of writing. */
export interface Written {
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

type Class = Exclude<keyof Written, 'logs'>;
type Writing = Readonly<Record<Class, string[]>> & {
  readonly world: World;
  readonly mail: string[];
};

const MONDAY = istDate('2026-11-23');
const WEDNESDAY = istDate('2026-11-25');
const THURSDAY = istDate('2026-11-26');
const FRIDAY = istDate('2026-11-27');

export async function liveThrough(emulator: Emulator, secrets: Secrets): Promise<Written> {
  const startsAt = istInstant(MONDAY, '06:00');
  await using world = await newWorld({ emulator, suffix: '', startsAt, fyId: null, ...secrets });
  const writing: Writing = {
    world,
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
  await operatorsFolder(writing, secrets);
  const { messages, pages, errors, answers, states, claims, commands, files } = writing;
  const logs = world.lines;
  return { logs, messages, pages, errors, answers, states, claims, commands, files };
}

/** Refresh tokens are taken. */
async function monday(writing: Writing): Promise<void> {
  await morning(writing, MONDAY, ['07:00', '07:30']);
  // A day off.
  await morning(writing, istDate('2026-11-24'), ['07:00']);
}

/** They are refused by policy; a login by the link, and everything a curious person does with it. */
async function wednesday(writing: Writing): Promise<void> {
  const { world } = writing;
  world.fyers.state.refresh = 'refused';
  await morning(writing, WEDNESDAY, ['07:00', '07:30']);
  await see(writing, await logIn(world, mailOf(writing), 'clumsy'));
  await see(writing, await logIn(world, mailOf(writing), 'again'));
  await see(writing, [await world.visit('/'), await world.visit('/ask', 'POST')]);
  await note(writing);
}

/** A probe finds refresh tokens taken again; then the token is ended, and the PIN is wrong; a foreigner logs in. */
async function thursday(writing: Writing, secrets: Secrets): Promise<void> {
  const { world } = writing;
  const { cloud, fyers } = world;
  fyers.state.refresh = 'accepted';
  at(world, THURSDAY, '06:10');
  await tell(writing, world.refresh({ kind: 'operator', probe: true }));
  fyers.state.revoked.add((await cloud.parameter('FYERS_ACCESS_TOKEN'))?.value ?? '');
  await cloud.setPin(secrets.wrongPins[0]);
  await morning(writing, THURSDAY, ['07:00']);
  const link = linkIn(mailOf(writing)) ?? '';
  await see(writing, await logIn(world, mailOf(writing), 'foreign'));
  await see(writing, await logIn(world, mailOf(writing), 'cancelling'));
  const forged = `2026112600000000${'0'.repeat(64)}`;
  for (const code of ['a.b.c', `${'a'.repeat(20)}.b.c`]) {
    await see(writing, [await world.visit(`/?s=ok&auth_code=${code}&state=${forged}`)]);
  }
  await withWrongAppSecret(writing, link, secrets);
  await adoptions(writing);
  await morning(writing, THURSDAY, ['09:30']);
  at(world, THURSDAY, '18:00');
  await see(writing, [await world.visit(link)]);
}

/** In the store: links of before open still, as they are signed with another key. */
async function withWrongAppSecret(writing: Writing, link: string, secrets: Secrets): Promise<void> {
  const { world } = writing;
  const { cloud } = world;
  await cloud.setParameter('FYERS_SECRET_KEY', secrets.wrongAppSecret);
  await cloud.setPin(secrets.wrongPins[1]);
  await see(writing, [await world.visit(link), await world.visit('/ask', 'POST')]);
  await see(writing, await logIn(world, mailOf(writing), 'right'));
  await morning(writing, THURSDAY, ['07:30', '08:45']);
  await cloud.setParameter('FYERS_SECRET_KEY', world.app().secret);
  await cloud.setPin(world.app().pin);
}

async function adoptions(writing: Writing): Promise<void> {
  const { world } = writing;
  const now = world.clock.now();
  const offers = [
    'a.b.c',
    world.token('access_token', plus(now, -DAY)),
    world.token('access_token', now, OTHER_ACCOUNT),
    world.token('access_token', now),
  ];
  for (const accessToken of offers) {
    const refreshToken = world.token('refresh_token', now);
    await tell(writing, world.adopt({ accessToken, refreshToken }));
  }
}

/** The broker is away, the topic is mute, the store fails, a parameter holds nonsense. */
async function friday(writing: Writing, secrets: Secrets): Promise<void> {
  const { world } = writing;
  const { faults } = world.cloud;
  world.fyers.state.isDown = true;
  await morning(writing, FRIDAY, ['07:00']);
  world.fyers.state.isDown = false;
  await world.cloud.setParameter('FYERS_REFRESH_TOKEN', 'placeholder: no token yet');
  faults.add({
    match: { body: /Action=Publish/ },
    effect: { kind: 'answer', status: 503, body: '' },
  });
  await morning(writing, FRIDAY, ['07:30']);
  for (const target of [/GetParameter$/, /PutParameter$/]) {
    faults.clear();
    faults.add({ match: { target }, effect: { kind: 'throttle' } });
    await morning(writing, FRIDAY, ['08:15']);
    await see(writing, [await world.visit('/ask', 'POST')]);
  }
  faults.clear();
  await world.cloud.setParameter('FYERS_SECRET_KEY', secrets.malformedAppSecret);
  await morning(writing, FRIDAY, ['08:45']);
  await world.cloud.setParameter('FYERS_SECRET_KEY', world.app().secret);
}

/** What the commands print, and what they leave behind. */
async function operatorsFolder(writing: Writing, { pin, appSecret }: Secrets): Promise<void> {
  const { world } = writing;
  const now = istInstant(FRIDAY, '12:00');
  world.clock.advanceTo(now);
  let page = '';
  await using at = await stage({
    clock: virtualClock(now),
    aws: world.cloud.aws,
    open: (url) => {
      page = url;
      return Promise.resolve();
    },
    person: {
      ask: async () => (await throughFyers(world, page, 'right')) ?? '',
      confirm: () => Promise.resolve(true),
    },
  });
  const keys = `FYERS_CLIENT_ID=${world.app().id}\nFYERS_SECRET_KEY=${appSecret}\n`;
  at.write(
    '.env',
    `${keys}FYERS_API_URL=${world.fyers.url}\nFYERS_REDIRECT_URI=${LOGIN_URL}\nFYERS_PIN=${pin}\n`,
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

function at(world: World, date: IstDate, time: string): void {
  world.clock.advanceTo(istInstant(date, time));
}

/** The refresh or the watch of each slot. */
async function morning(writing: Writing, date: IstDate, slots: readonly string[]): Promise<void> {
  const { world } = writing;
  for (const slot of slots) {
    at(world, date, slot);
    const trigger = { kind: 'slot', slot, last: isLastSlot(slot) } as const;
    await tell(
      writing,
      slot === '08:45' || slot === '09:30' ? world.watch(slot) : world.refresh(trigger),
    );
    await note(writing);
  }
}

async function tell(writing: Writing, run: Promise<object | Failed>): Promise<void> {
  const outcome = await run;
  if ('failure' in outcome) {
    const { message, code, nextStep, stack = '' } = outcome.failure;
    writing.errors.push(`${code}: ${message}\n${nextStep}\n${stack.split('\n')[0] ?? ''}`);
  } else writing.answers.push(JSON.stringify(outcome));
}

function see(writing: Writing, pages: readonly Page[]): Promise<void> {
  writing.pages.push(...pages.map((page) => JSON.stringify(page)));
  return note(writing);
}

/** What stands in the store and in the mailbox after a step. */
async function note(writing: Writing): Promise<void> {
  const { cloud, clock } = writing.world;
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

function mailOf({ mail }: Writing) {
  return mail.map((text) => ({ subject: '', text }));
}
