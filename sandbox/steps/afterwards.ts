// Keeps the recorded day, runs `./fyers check` and `./fyers report` on it, and prints the next commands.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FyersError, toError } from '../../core/errors.ts';
import { formatIst, instant, istDateAt, istInstant, type IstDate } from '../../core/time.ts';
import { LOOPBACK_URI } from '../operator-folder.ts';
import { removeAtEnd, temporaryFolder } from '../ending.ts';
import { baseEnvironment } from '../pulumi/process.ts';
import { ROOT, type StandIns } from '../stand-ins.ts';
import type { Progress } from './progress.ts';

const FYERS = './fyers';
const MAIN = path.join(ROOT, 'cli', 'main.js');

/** Shows that npm start made the folder, so only such a folder is replaced. */
export const MARKER = 'made-by-npm-start.txt';
const MARKER_TEXT =
  'This folder has the last simulated day of `npm start`, which replaces it at its next run.\n';

export interface Recorded {
  readonly date: IstDate;
  readonly symbol: string;
  /** A time in the middle of its session. */
  readonly at: string;
}

/** @param place `--data DIR` or `--bucket BUCKET` */
function inspectCommands({ date, symbol, at }: Recorded, place: string): readonly string[] {
  return [
    `${FYERS} report ${date} ${place} --open`,
    `${FYERS} check ${date} ${place}`,
    `${FYERS} inspect ${symbol} --at ${at} --date ${date} ${place}`,
  ];
}

/** The path that a person types in the folder of the repository. */
export function shownPath(file: string): string {
  const relative = path.relative(ROOT, file);
  return relative.startsWith('..') ? file : relative;
}

/**
 * Copies this day only: a harvester would treat the folder's other days as its own, and ship and remove them. The day
 * appears in one step, so that a run that ends here leaves no part of it.
 * @throws FyersError `platform.disk`
 */
export async function keepDay(
  { dataDir }: StandIns,
  data: string,
  date: IstDate,
  isDefaultData: boolean,
): Promise<void> {
  try {
    const isNew = (await stat(data).catch(() => null)) === null;
    await mkdir(data, { recursive: true });
    await using made = isNew ? removeAtEnd(data) : null;
    if (isDefaultData) await writeFile(path.join(data, MARKER), MARKER_TEXT);
    await using staging = await temporaryFolder(path.join(data, '.partial-'));
    const day = path.join(staging.dir, date);
    await cp(path.join(dataDir, 'days', date), day, { recursive: true });
    if (isDefaultData) await removeEarlierRun(data);
    await mkdir(path.join(data, 'days'), { recursive: true });
    await rename(day, path.join(data, 'days', date));
    made?.keep();
  } catch (caught) {
    const cause = toError(caught);
    throw new FyersError(
      'platform.disk',
      `The day cannot be put into ${data}: ${cause.message}.`,
      'Name a folder that you may write to, with space on its disk: `npm start -- --data DIR`.',
      { cause },
    );
  }
}

async function removeEarlierRun(data: string): Promise<void> {
  const names = await readdir(data);
  const old = names.filter((name) => name === 'days' || /^report-.*\.html$/.test(name));
  for (const name of old) await rm(path.join(data, name), { recursive: true });
}

/** Runs `./fyers check` on the day. Returns its verdict. @throws FyersError `platform.integrity` if it finds faults. */
export async function checkStep(
  standIns: StandIns,
  data: string,
  date: IstDate,
  progress: Progress,
): Promise<string> {
  const title = `Check the recorded day: ${FYERS} check ${date} --data ${shownPath(data)}`;
  return progress.step(title, async () => {
    progress.status('reading every row');
    const { code, lines } = await runFyers(standIns, ['check', date, '--data', data]);
    const verdict = lines.at(-1) ?? '';
    if (code !== 0) {
      for (const line of lines) progress.note(line);
      throw new FyersError(
        'platform.integrity',
        `./fyers check found faults in the recorded day: ${verdict}`,
        `The day is in ${shownPath(data)}. See the lines above.`,
      );
    }
    progress.note(verdict);
    return verdict;
  });
}

/** Runs `./fyers report` on the day. Returns the page's path. @throws FyersError `platform.integrity` */
export async function reportStep(
  standIns: StandIns,
  data: string,
  date: IstDate,
  progress: Progress,
): Promise<string> {
  return progress.step('Write the report', async () => {
    progress.status('drawing the page');
    const page = path.join(data, `report-${date}.html`);
    const argv = ['report', date, '--data', data, '--to', page, '--force'];
    const { code, lines } = await runFyers(standIns, argv);
    if (code === 0) return page;
    for (const line of lines) progress.note(line);
    throw new FyersError(
      'platform.integrity',
      `./fyers report ended with code ${String(code)}.`,
      `The day is in ${shownPath(data)}. See the lines above.`,
    );
  });
}

/** In the operator's folder, so that its calendar counts. */
async function runFyers({ operator }: StandIns, argv: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: operator.dir,
    env: { ...baseEnvironment(), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const words: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => words.push(piece));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = Buffer.concat(words).toString().split('\n');
  return { code, lines: lines.filter((line) => line !== '') };
}

export function printNext(recorded: Recorded, data: string, progress: Progress): void {
  progress.note('');
  progress.note('Next, in this folder:');
  for (const line of inspectCommands(recorded, `--data ${shownPath(data)}`)) progress.note(line);
  progress.note('To record or deploy with your own account: README.md.');
}

export interface Kept {
  readonly loginUrl: string;
  readonly bucket: string;
  readonly recorded: Recorded;
}

/** Prints how to reach the running stand-ins. */
export function printHowToReach(
  { emulator, operator, simulator }: StandIns,
  { loginUrl, bucket, recorded }: Kept,
  progress: Progress,
): void {
  const { endpoint, rootCredentials } = emulator;
  const now = instant(Date.now());
  const today = istDateAt(now);
  const isToday = recorded.date === today;
  // The harvester's virtual clock stands still between two slots, and rate limits use this clock, so let it flow now. On
  // the day itself it becomes this machine's clock, with which the commands compare it.
  simulator.setClock(isToday ? now : simulator.now(), true);
  progress.note('');
  const from = isToday
    ? 'shows the time of this machine'
    : 'continues from the end of the virtual day';
  progress.note(`Everything keeps running until Ctrl-C, and the simulated Fyers' clock ${from}.`);
  progress.note('From another terminal, in this folder:');
  progress.note(
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=ap-south-1 AWS_ACCESS_KEY_ID=${rootCredentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${rootCredentials.secretAccessKey} FYERS_API_URL=${simulator.url} FYERS_BUCKET=${bucket}`,
  );
  for (const line of inspectCommands(recorded, `--bucket ${bucket}`)) progress.note(line);
  progress.note(`${FYERS} ssm list`);
  if (isToday) {
    progress.note(`${FYERS} tokens --dir ${operator.dir}`);
    progress.note(`FYERS_REDIRECT_URI=${LOOPBACK_URI} ${FYERS} login --dir ${operator.dir}`);
  }
  progress.note(`curl ${simulator.controlUrl}/ledger`);
  progress.note(`curl -H 'Host: ${new URL(loginUrl).host}' ${endpoint}/`);
  progress.note(
    'Close that terminal afterwards: with these settings no command reaches the real AWS or Fyers.',
  );
  if (recorded.date === today) {
    progress.note(
      "The login's one-time password is 000000; the PIN is that of `.env` in the folder.",
    );
    return;
  }
  const day = formatIst(istInstant(recorded.date, '07:00')).split(',')[0] ?? '';
  progress.note(
    `The tokens are of ${day}, so for \`${FYERS} tokens\`, \`login\` and \`refresh --local\` they have expired. To try these commands, run \`npm start -- --keep\` on a trading day, with \`--date\` and that day.`,
  );
}
