// Runs the sandbox's main job, step by step. All figures that it prints are measured in the run: from the emulator,
// the simulator and the bucket.
import { FyersError } from '../../core/errors.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import { brokerDayEnd, formatIst, istInstant } from '../../core/time.ts';
import { unexercised } from '../aws/unexercised.ts';
import { startStandIns, type StandInOptions, type StandIns } from '../stand-ins.ts';
import {
  checkStep,
  keepDay,
  printHowToReach,
  printNext,
  reportStep,
  shownPath,
} from './afterwards.ts';
import { dayInBucket, servedSince, streamedAt, type DayInBucket } from './bucket-day.ts';
import { harvestDay, instanceOf } from './harvest-day.ts';
import { loginSteps, registerStep } from './login.ts';
import { expectedRows, slotsOn, timeInside, type Preflight } from './preflight.ts';
import type { Progress } from './progress.ts';
import { outputRows, provision, type Provisioned } from './provision.ts';
import { invoke, invokeStep, isNewAndLive, isRefreshed, storedToken, TOKEN } from './token.ts';

export interface StartOptions extends StandInOptions {
  readonly feed: string | null;
  readonly keep: boolean;
  /** Folder for the recorded day. */
  readonly data: string;
  /** True: the recording of an earlier run is replaced. */
  readonly isDefaultData: boolean;
  /** True: list the permissions that no step used. */
  readonly permissions: boolean;
  readonly verbose: boolean;
}

const BROKERS = {
  today: 'Fyers as it is: no refresh since 1 April 2026, one login a day',
  accepting: 'Fyers as it was until 31 March 2026: refresh works',
} as const;

/**
 * @param untilStopped waits for Ctrl-C
 * @throws FyersError at the first step with a wrong result.
 */
export async function mainJob(
  options: StartOptions,
  { session, isEmulatorInstalled }: Preflight,
  progress: Progress,
  untilStopped: () => Promise<never>,
): Promise<void> {
  const { date, data } = options;
  const [day] = formatIst(istInstant(date, '07:00')).split(',');
  const weekday = new Date(date).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  progress.note(`One trading day on this machine: ${weekday} ${day ?? ''}.`);
  progress.note(`Broker: ${BROKERS[options.broker]}. Ctrl-C ends everything at any time.`);
  await using standIns = await startStandInsStep(options, isEmulatorInstalled, progress);
  const made = await provisionStep(standIns, progress);
  await registerStep(standIns, made, progress);
  const canRefresh = options.broker === 'accepting' && standIns.operator.hasRefreshToken;
  await (canRefresh ? mintedStep(standIns, made, progress) : loginSteps(standIns, made, progress));
  const found = await recordedSteps(standIns, made, session, progress);
  await permissionStep(standIns, options, progress);
  await progress.step(`Keep the day in ${shownPath(data)}`, () =>
    keepDay(standIns, data, date, options.isDefaultData),
  );
  const verdict = await checkStep(standIns, data, date, progress);
  const page = await reportStep(standIns, data, date, progress);
  const [received, expected] = [found.received, found.expected].map((n) => n.toLocaleString('en'));
  progress.verdict(true, `The day is recorded: ${received ?? ''} of ${expected ?? ''} slots.`);
  progress.rows([
    ['token', `published to ${TOKEN}, live until ${formatIst(brokerDayEnd(session.opensAt))}`],
    ['slots', `${received ?? ''} of ${expected ?? ''}, equal to what the simulated Fyers served`],
    ...(found.streamed === '' ? [] : [['streamed', found.streamed] as const]),
    ['check', verdict],
    ['report', shownPath(page)],
  ]);
  const recorded = { date, symbol: found.symbol, at: timeInside(session) };
  printNext(recorded, data, progress);
  if (!options.keep) return;
  const { bucket, loginUrl } = made.outputs;
  const kept = { recorded, bucket: String(bucket), loginUrl: String(loginUrl) };
  printHowToReach(standIns, kept, progress);
  await untilStopped();
}

async function startStandInsStep(
  options: StartOptions,
  isEmulatorInstalled: boolean,
  progress: Progress,
): Promise<StandIns> {
  return progress.step('Start stand-ins for AWS and Fyers', async () => {
    if (isEmulatorInstalled) progress.status('starting the emulator of AWS');
    else {
      progress.note(
        'The first run installs the emulator of AWS, which takes up to a minute longer.',
      );
      progress.status('installing the emulator of AWS from PyPI');
    }
    const standIns = await startStandIns(options);
    progress.rows([
      ['AWS', `${standIns.emulator.endpoint} (an emulator that enforces IAM)`],
      ['Fyers', `${standIns.simulator.url} (a simulator)`],
    ]);
    progress.details([['Operator', standIns.operator.dir]]);
    return standIns;
  });
}

async function provisionStep(standIns: StandIns, progress: Progress): Promise<Provisioned> {
  return progress.step('Provision the program, as `pulumi up` does', async () => {
    const provisioned = await provision(standIns, progress);
    const { resources, droppedConditions } = provisioned.registered;
    progress.note(
      `${String(resources.length)} resources: parameters, functions, schedules, bucket, machine, alarms`,
    );
    progress.details(outputRows(provisioned.outputs));
    progress.details(
      droppedConditions.map((dropped) => ['not modelled by the emulator, so dropped', dropped]),
    );
    return provisioned;
  });
}

async function mintedStep(
  standIns: StandIns,
  { outputs }: Provisioned,
  progress: Progress,
): Promise<void> {
  const functionName = String(outputs['functionName']);
  await invokeStep(progress, functionName, ', as at 07:00', async () => {
    const before = await storedToken(standIns.emulator, TOKEN);
    const invoked = await invoke(standIns.emulator, functionName);
    progress.note(invoked.answer);
    if (!isRefreshed(invoked)) {
      throw new FyersError(
        'operator.credentials',
        `The function published no token: ${invoked.message}`,
        'Check the .env and the token files of this run.',
      );
    }
    if (!(await isNewAndLive(standIns, before, progress))) {
      throw new FyersError(
        'bug.unexpected',
        'The parameter holds no newer, live token.',
        'Check keeper/.',
      );
    }
  });
}

const PIECE = /-\d{4}\.(?:csv|jsonl)\.gz$/;

async function recordedSteps(
  standIns: StandIns,
  made: Provisioned,
  session: SessionPlan,
  progress: Progress,
): Promise<Pick<DayInBucket, 'expected' | 'received' | 'symbol'> & { readonly streamed: string }> {
  const { date } = session;
  const account = String(made.outputs['topic']).split(':')[4] ?? '';
  const instance = instanceOf(made.registered, (role) => `arn:aws:iam::${account}:role/${role}`);
  const isStreamed = instance.environment['FYERS_FEED'] !== undefined;
  const before = standIns.simulator.ledger();
  await progress.step('Run the deployed harvester through the day', async () => {
    progress.status('fetching the code of the harvester from the bucket');
    progress.details([
      ['instance', instance.id],
      ['credentials', `only those of ${instance.roleArn}, from its metadata server`],
      [
        'environment',
        Object.entries(instance.environment)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
      ],
    ]);
    const expected = expectedRows(session, instance.environment);
    await harvestDay(standIns, instance, date, progress, expected);
    if (isStreamed) progress.rows([['streamed', streamedText(standIns)]]);
  });
  const bucket = String(made.outputs['bucket']);
  return progress.step(`Compare the bucket ${bucket} with what Fyers served`, async () => {
    progress.status('reading the Parquet file');
    const served = isStreamed
      ? streamedAt(slotsOn(session, instance.environment), standIns.simulator)
      : servedSince(before, standIns.simulator.ledger());
    const found = await dayInBucket(standIns.emulator, bucket, date, served);
    const pieces = found.objects.filter(({ key }) => PIECE.test(key));
    const whole = found.objects.filter(({ key }) => !PIECE.test(key));
    progress.details([
      ['segments', `${String(pieces.length)} objects, uploaded while the day was recorded`],
      ...whole.map(({ key, bytes }) => [key, `${bytes.toLocaleString('en')} bytes`] as const),
    ]);
    const { expected, received, explained, holes, differences } = found;
    const reasons = Object.entries(holes).map(
      ([reason, n]) => `${reason} ${n.toLocaleString('en')}`,
    );
    progress.rows([
      ['expected', `${expected.toLocaleString('en')} (symbols × slots)`],
      ['received', received.toLocaleString('en')],
      ['explained', [explained.toLocaleString('en'), ...reasons].join(', ')],
      [
        'ledger',
        differences.length === 0
          ? 'prices, quantities and counts equal what the simulator served'
          : differences.join('; '),
      ],
    ]);
    // `unknown-symbol` is the only hole that is expected: the user's symbols may be unknown to the simulator.
    const faults = Object.keys(holes).filter((reason) => reason !== 'unknown-symbol');
    if (expected - received - explained !== 0 || faults.length > 0 || differences.length > 0) {
      throw new FyersError(
        'platform.integrity',
        'The recording differs from the data that was served.',
        'See the lines above.',
      );
    }
    return { ...found, streamed: isStreamed ? streamedText(standIns) : '' };
  });
}

/** `20,160 frames with 25,200 messages, over 2 connections` */
function streamedText({ simulator: { streams } }: StandIns): string {
  const messages = [...streams.sent.values()].reduce((sum, each) => sum + each, 0);
  const opened = streams.upgrades.filter(({ status }) => status === 101).length;
  const [frames, all] = [streams.frames(), messages].map((n) => n.toLocaleString('en'));
  return `${frames ?? ''} frames with ${all ?? ''} messages, over ${String(opened)} connections`;
}

/** `npm test` asserts each of them on the registered graph. */
async function permissionStep(
  standIns: StandIns,
  { permissions, verbose }: StartOptions,
  progress: Progress,
): Promise<void> {
  if (!permissions && !verbose) return;
  const idle = await unexercised(standIns.emulator);
  if (idle === null) return;
  progress.note('');
  progress.note(
    `${String(idle.length)} permissions were granted and not used by this run, and are asserted by npm test${permissions ? ':' : '; `npm start -- --permissions` lists them.'}`,
  );
  if (permissions)
    progress.rows(idle.map(({ role, action, resource }) => [role, `${action} on ${resource}`]));
}
