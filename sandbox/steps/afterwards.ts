// Copies the recorded day to a folder, and prints commands to inspect what a run leaves, ready to paste.
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { FyersError, toError } from '../../core/errors.ts';
import { formatIst, instant, istDateAt, istInstant, type IstDate } from '../../core/time.ts';
import type { Progress } from './progress.ts';
import type { StandIns } from '../stand-ins.ts';

const FYERS = './fyers';

/** A day with rows and how a command selects it: `--data DIR` or `--bucket BUCKET`. */
export interface Recorded {
  readonly date: IstDate;
  readonly symbol: string;
  readonly place: string;
}

function inspectCommands({ date, symbol, place }: Recorded): readonly string[] {
  return [
    `${FYERS} report ${date} ${place} --open`,
    `${FYERS} check ${date} ${place}`,
    `${FYERS} inspect ${symbol} --at 15:20 --date ${date} ${place}`,
  ];
}

export function printHowToKeep(progress: Progress): void {
  progress.note(
    `The day goes with the run. \`npm start -- --data demo\` keeps it for \`${FYERS} report\`, check, inspect and export; --keep leaves everything up.`,
  );
}

/**
 * Copies this day only: a harvester would treat the folder's other days as its own, and ship and remove them.
 * @throws FyersError `platform.disk`
 */
export async function keepDay(
  { dataDir }: StandIns,
  data: string,
  recorded: Omit<Recorded, 'place'>,
  progress: Progress,
): Promise<void> {
  const [from, to] = [dataDir, data].map((dir) => path.join(dir, 'days', recorded.date));
  try {
    if (from !== undefined && to !== undefined) await cp(from, to, { recursive: true });
  } catch (caught) {
    const cause = toError(caught);
    throw new FyersError(
      'platform.disk',
      `The day cannot be put into ${data}: ${cause.message}.`,
      'Name a folder that you may write to, with space on its disk: `npm start -- --data DIR`.',
      { cause },
    );
  }
  progress.note(`The day is in ${data}. To look at it, in this folder:`);
  for (const line of inspectCommands({ ...recorded, place: `--data ${data}` })) progress.note(line);
}

export interface Kept {
  readonly loginUrl: string;
  readonly bucket: string;
  readonly recorded: Omit<Recorded, 'place'>;
}

/** Prints how to reach the running stand-ins, then waits for Ctrl-C. */
export async function keepUp(
  standIns: StandIns,
  { loginUrl, bucket, recorded }: Kept,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { emulator, operator, simulator } = standIns;
  const { endpoint, rootCredentials } = emulator;
  // The harvester's virtual clock stands still between two slots, and rate limits use this clock, so let it flow now.
  simulator.setClock(simulator.now(), true);
  progress.note(
    "\n   Everything stays up until Ctrl-C, and the simulated Fyers' clock goes on from the end of the virtual day.",
  );
  progress.note('From another terminal, in this folder:');
  progress.note(
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=ap-south-1 AWS_ACCESS_KEY_ID=${rootCredentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${rootCredentials.secretAccessKey} FYERS_API_URL=${simulator.url} FYERS_BUCKET=${bucket}`,
  );
  for (const line of inspectCommands({ ...recorded, place: `--bucket ${bucket}` }))
    progress.note(line);
  progress.note(`${FYERS} ssm list`);
  const today = istDateAt(instant(Date.now()));
  if (recorded.date === today) progress.note(`${FYERS} tokens --dir ${operator.dir}`);
  progress.note(`curl ${simulator.controlUrl}/ledger`);
  progress.note(`curl -H 'Host: ${new URL(loginUrl).host}' ${endpoint}/`);
  if (recorded.date !== today) {
    const day = formatIst(istInstant(recorded.date, '07:00')).split(',')[0] ?? '';
    progress.note(
      `The tokens are of ${day}, so to \`${FYERS} tokens\` and \`refresh --local\` they are dead. On a trading day \`npm start -- --keep --date ${today}\` has live ones.`,
    );
  }
  if (!signal.aborted) await once(signal, 'abort');
}
