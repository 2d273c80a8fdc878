// Runs the sandbox's main job, step by step. All figures that it prints are measured in the run: from the emulator,
// the simulator and the bucket.
import { FyersError } from '../../core/errors.ts';
import { REFRESHED_BODY } from '../../core/config/names.ts';
import { formatIst, istInstant, weekday } from '../../core/time.ts';
import { keepDay, keepUp, printHowToKeep } from './afterwards.ts';
import { unexercised } from '../aws/unexercised.ts';
import { dayInBucket, servedSince, type DayInBucket } from './bucket-day.ts';
import { harvestDay, instanceOf } from './harvest-day.ts';
import { loginSteps, registerStep } from './login.ts';
import type { Progress } from './progress.ts';
import { outputRows, provision, type Provisioned } from './provision.ts';
import { startStandIns, type StandInOptions, type StandIns } from '../stand-ins.ts';
import { invoke, isLive, storedToken } from './token.ts';

export interface StartOptions extends StandInOptions {
  readonly keep: boolean;
  /** Folder for the recorded day; null: the day is deleted with the run. */
  readonly data: string | null;
  /** True: list the permissions that no step used. */
  readonly permissions: boolean;
}

const TOKEN = 'FYERS_ACCESS_TOKEN';
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** @throws FyersError at the first step with a wrong result. */
export async function mainJob(
  options: StartOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const day = `${WEEKDAYS[weekday(options.date)] ?? ''} ${formatIst(istInstant(options.date, '07:00'))}`;
  progress.note(`The virtual day: ${day}. Broker: ${options.broker}.`);
  await using standIns = await progress.step('Start the stand-ins for AWS and Fyers', () =>
    startStandInsStep(options, progress),
  );
  signal.throwIfAborted();
  const made = await progress.step('Provision the program', async () => {
    const provisioned = await provision(standIns, progress, signal);
    progress.rows(outputRows(provisioned.outputs));
    for (const dropped of provisioned.registered.droppedConditions) {
      progress.warn(`not modelled by the emulator, so dropped for this run: ${dropped}`);
    }
    return provisioned;
  });
  signal.throwIfAborted();
  await registerStep(standIns, made, progress);
  if (options.broker === 'today') {
    await loginSteps(standIns, made, options.env === null, progress);
  } else await mintedStep(standIns, made, progress);
  signal.throwIfAborted();
  const found = await recordedSteps(standIns, made, options, progress, signal);
  await permissionStep(standIns, options, progress);
  const counts = [found.received, found.expected].map((count) => count.toLocaleString('en'));
  progress.verdict(true, `The main job is done: ${counts.join(' of ')} slots are recorded.`);
  const recorded = { date: options.date, symbol: found.symbol };
  if (options.data !== null) await keepDay(standIns, options.data, recorded, progress);
  else if (!options.keep) printHowToKeep(progress);
  progress.note('Next: README.md, "Deploy".');
  if (!options.keep) return;
  const { bucket, loginUrl } = made.outputs;
  const kept = { recorded, bucket: String(bucket), loginUrl: String(loginUrl) };
  await keepUp(standIns, kept, progress, signal);
}

async function startStandInsStep(options: StartOptions, progress: Progress): Promise<StandIns> {
  const standIns = await startStandIns(options, progress.warn);
  progress.rows([
    ['AWS', `${standIns.emulator.endpoint} (emulator, IAM enforced)`],
    [
      'Fyers',
      `${standIns.simulator.url} (simulator, refresh ${options.broker === 'today' ? 'refused' : 'accepted'})`,
    ],
    ['Operator', standIns.operator.dir],
  ]);
  return standIns;
}

async function mintedStep(
  standIns: StandIns,
  { outputs }: Provisioned,
  progress: Progress,
): Promise<void> {
  const functionName = String(outputs['functionName']);
  await progress.step(`Invoke ${functionName}`, async () => {
    const before = await storedToken(standIns.emulator, TOKEN);
    const { answer, statusCode, message } = await invoke(standIns.emulator, functionName);
    progress.note(answer);
    if (
      statusCode !== 200 ||
      JSON.stringify({ message }) !== JSON.stringify(JSON.parse(REFRESHED_BODY))
    ) {
      throw new FyersError(
        'operator.credentials',
        `The function published no token: ${message}`,
        'Check the .env and the token files of this run.',
      );
    }
    const after = await storedToken(standIns.emulator, TOKEN);
    const live = await isLive(standIns, after.value);
    progress.rows([
      [TOKEN, `${before.fingerprint} → ${after.fingerprint} (sha256, first 8 digits)`],
      ['live', live ? 'yes: the broker takes it' : 'no'],
    ]);
    if (!live || before.fingerprint === after.fingerprint) {
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
  { date }: StartOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<Pick<DayInBucket, 'expected' | 'received' | 'symbol'>> {
  const account = String(made.outputs['topic']).split(':')[4] ?? '';
  const instance = instanceOf(made.registered, (role) => `arn:aws:iam::${account}:role/${role}`);
  const before = standIns.simulator.ledger();
  await progress.step('Run the deployed harvester through the day', async () => {
    progress.rows([
      ['instance', instance.id],
      ['credentials', `only those of ${instance.roleArn}, from its metadata server`],
      [
        'environment',
        Object.entries(instance.environment)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
      ],
    ]);
    await harvestDay(standIns, instance, date, progress, signal);
  });
  const bucket = String(made.outputs['bucket']);
  return progress.step(`Look into the bucket ${bucket}`, async () => {
    const served = servedSince(before, standIns.simulator.ledger());
    const found = await dayInBucket(standIns.emulator, bucket, date, served);
    const pieces = found.objects.filter(({ key }) => PIECE.test(key));
    const whole = found.objects.filter(({ key }) => !PIECE.test(key));
    progress.rows([
      ['pieces', `${String(pieces.length)} objects, shipped while the day was recorded`],
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
        'The recording is not what was served.',
        'See the lines above.',
      );
    }
    return found;
  });
}

/** `npm test` asserts each of them on the registered graph. */
async function permissionStep(
  standIns: StandIns,
  { permissions }: StartOptions,
  progress: Progress,
): Promise<void> {
  const idle = await unexercised(standIns.emulator);
  if (idle === null) return;
  const listed = permissions ? ':' : '; `npm start -- --permissions` lists them.';
  progress.note('');
  progress.note(
    `${String(idle.length)} permissions were granted and not used by this run, and are asserted by npm test${listed}`,
  );
  if (permissions)
    progress.rows(idle.map(({ role, action, resource }) => [role, `${action} on ${resource}`]));
}
