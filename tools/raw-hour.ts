// Records an hour of a stream with a real account, and prints what the frames show about questions
// that the broker's documents leave open (docs/data.md, "What a live hour settles").
//   node tools/raw-hour.ts record --feed tbt --symbols NSE:SBIN-EQ,FUT:NIFTY
//   node tools/raw-hour.ts answers raw-hour
// The answers are counts: no token, account or price is printed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../adapters/process/clock.ts';
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { nullIfDamaged } from '../core/errors.ts';
import { formatIso, HOUR, type IstDate, parseIstDate, plus } from '../core/time.ts';
import type { FrameRecord } from '../core/stream/frame-log.ts';
import { answersFrom } from './stream-answers.ts';

const USAGE = `Usage:
  node tools/raw-hour.ts record [--feed tbt|hsm] [--symbols LIST] [--data DIR]
  node tools/raw-hour.ts answers [DIR]
Both use the folder raw-hour by default. record needs .env and a live token, and runs in a session.`;
const DEFAULT_FOLDER = 'raw-hour';

const given = parseFlags();
const [command, folder = given?.values.data ?? DEFAULT_FOLDER] = given?.positionals ?? [];
if (given !== null && command === 'record') {
  const code = await record(given.values);
  if (code === 0) await printAnswers(given.values.data);
  process.exitCode = code;
} else if (command === 'answers') await printAnswers(folder);
else {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
}

/** Null: an unknown flag. */
function parseFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        feed: { type: 'string', default: 'tbt' },
        symbols: { type: 'string' },
        data: { type: 'string', default: DEFAULT_FOLDER },
      },
    });
  } catch {
    return null;
  }
}

type Flags = NonNullable<ReturnType<typeof parseFlags>>['values'];

/** Returns the exit code of `./fyers harvest`. */
async function record(values: Flags): Promise<number> {
  const until = formatIso(plus(systemClock.now(), HOUR));
  const symbols = values.symbols === undefined ? [] : ['--symbols', values.symbols];
  const main = path.join(import.meta.dirname, '..', 'cli', 'main.js');
  const flags = ['--feed', values.feed, ...symbols, '--data', values.data, '--until', until];
  const child = spawn(process.execPath, [main, 'harvest', ...flags], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function printAnswers(data: string): Promise<void> {
  const answers = await answersFrom(readRecords(data));
  for (const { question, answer } of answers) {
    process.stdout.write(`${question}\n    ${answer}\n`);
  }
  if (answers.length === 0) {
    process.stderr.write(
      `There are no frames in ${path.resolve(data)}. Record in a session: node tools/raw-hour.ts record --feed tbt\n`,
    );
    process.exitCode = 2;
  }
}

async function* readRecords(data: string): AsyncGenerator<FrameRecord> {
  for (const date of await listDates(data)) {
    const segments = dayFolders(data).frames(date);
    for (const name of await segments.names()) {
      const records = await nullIfDamaged(segments.read(name));
      if (records === null) process.stderr.write(`${name} is damaged and left out.\n`);
      yield* records ?? [];
    }
  }
}

async function listDates(data: string): Promise<readonly IstDate[]> {
  const names = await readdir(path.join(data, 'days')).catch((): string[] => []);
  return names.sort().flatMap((name) => parseIstDate(name) ?? []);
}
