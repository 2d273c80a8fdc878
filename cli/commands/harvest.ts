// Runs the instance's harvester on this machine (`./fyers harvest`), with the harvester's own arguments. On a
// terminal the harvester's log is shown as one line per event and a status line that is updated in place.
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from 'commander';
import { readIndexLists } from '../../adapters/operator/index-lists.ts';
import { stopSignal } from '../../adapters/process/stop-signal.ts';
import { environmentName, HARVESTER_KEYS } from '../../core/config/keys.ts';
import { ENVIRONMENT, REGION } from '../../core/config/names.ts';
import { parseFyId } from '../../core/config/values.ts';
import { statusWords } from '../../core/recording/columns.ts';
import type { FirstLook, LookFirst } from '../../harvester/first-look.ts';
import type { ProgressListener } from '../../harvester/ports.ts';
import { parseSettings, refusePast, type HarvestSettings } from '../../harvester/settings.ts';
import { refuseEndedSimulator } from '../shared/ended-simulator.ts';
import type { Environment, Session } from '../shared/io.ts';
import { type Settings, settingsOf } from '../shared/settings.ts';
import { paint, type Terminal, type Tone } from '../shared/terminal.ts';

/** The settings without a flag of their own come from the table of keys. */
const NAMES = [
  ENVIRONMENT.symbols,
  ENVIRONMENT.everySeconds,
  ENVIRONMENT.feed,
  ...HARVESTER_KEYS.map(environmentName),
];
const HELP = `
Options:
  --use-ssm             read the token from Parameter Store instead of the token file
  --tokens DIR          the folder of .env and of the token files (default: this one)
  --data DIR            where the recordings go (default: harvested_data)
  --symbols A,B         default: FYERS_SYMBOLS, or the Python original's five; FUT:NIFTY and ATM:NIFTY+0CE are
                        the day's contracts, CHAIN:NIFTY and INDEX:NIFTY50 are groups, SBIN is NSE:SBIN-EQ
  --every 5s            between two snapshots of a symbol, a divisor of a minute
  --feed FEED           rest (default) polls five levels; tbt streams fifty levels of up to 15 symbols;
                        hsm streams five levels
  --days N              stop after N sessions
  --until TIME          stop at a time with its offset, such as 2026-11-25T16:00:00+05:30; inside of a session the slot
                        is finished, and another start records the rest
  --compat              also write market_depth_DATE.csv as the Python original does
  --raw                 also keep the broker's raw answers, compressed, in the day's folder
  --debug               also log each slot and each segment that is uploaded

It waits for the next session, records it from the pre-open to the post-close, writes the day's Parquet file, and waits
again. The first Ctrl-C finishes the slot and ends it; a second one ends it at once. At a terminal the log is a line for each event,
with a status line below; in a pipe it is JSON.
${NAMES.slice(0, -1).join(', ')} and ${NAMES.slice(-1).join('')} are read from .env, then from the environment.

Examples:
  $ ./fyers harvest
  $ ./fyers harvest --use-ssm --symbols NSE:SBIN-EQ,NSE:INFY-EQ --every 2s --days 1`;

export function addHarvest(program: Command, session: Session): void {
  program
    .command('harvest')
    .description('Record the NSE order book on this machine.')
    .usage('[options]')
    .argument('[args...]')
    .allowUnknownOption()
    .passThroughOptions()
    .configureHelp({ visibleArguments: () => [], visibleOptions: () => [] })
    .addHelpText('after', HELP)
    .action(async (_args, _options, { args }: Command) => {
      session.exitWith(await harvest(session, args));
    });
}

/** Returns the harvester's exit code; the harvester has logged any error. */
async function harvest({ io }: Session, argv: readonly string[]): Promise<number> {
  const settings = settingsOf(path.resolve(io.cwd, folderIn(argv)), io.env);
  const env = harvesterEnvironment(settings, io.env);
  // Report bad arguments as other commands do, not as a log line.
  const placeOf = (name: string) => settings.placeOf(name).place;
  const readLists: typeof readIndexLists = (folder, indices) =>
    readIndexLists(path.resolve(io.cwd, folder), indices);
  const parsed = parseSettings(argv, env, placeOf, readLists);
  if (parsed.kind === 'harvest') {
    refusePast(parsed, io.clock.now());
    const aws = io.env['AWS_ENDPOINT_URL'] ?? '';
    // Both are set by `npm start -- --keep`. A proxy of Fyers alone may come up later, and is waited for.
    const used = parsed.tokensFolder === null ? [aws, parsed.apiUrl] : [parsed.apiUrl];
    for (const url of aws === '' ? [] : used) await refuseEndedSimulator(io.env, url);
  }
  // Imported here because only this command needs the Parquet and metrics code.
  const { run } = await import('../../harvester/main.ts');
  using stop = stopSignal();
  const persons = personsLog(io, argv.includes('--debug'));
  const started = { clock: io.clock, signal: stop.signal, argv, env };
  return await run({ ...started, ...persons, lookFirst: checkBeforeStart(io.cwd, env) });
}

/** Returns the folder of `.env`; the harvester parses all other arguments. */
function folderIn(argv: readonly string[]): string {
  const { values } = parseArgs({
    args: [...argv],
    options: { tokens: { type: 'string' } },
    strict: false,
  });
  return typeof values.tokens === 'string' ? values.tokens : '.';
}

/** The process environment, overridden by the harvester's keys in `.env`. */
function harvesterEnvironment(settings: Settings, env: Environment): Environment {
  const own = [...NAMES, ...Object.values(ENVIRONMENT)].flatMap((name) => {
    const value = settings(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { ...env, ...Object.fromEntries(own) };
}

const TONES: Readonly<Record<string, Tone>> = { error: 'bad', warn: 'strong', debug: 'quiet' };
/** Comes every minute and repeats the content of the status line. */
const HEARTBEAT = 'heartbeat';

interface PersonsLog {
  /** Takes one JSON line of the log. */
  readonly write: (line: string) => void;
  readonly listener: ProgressListener;
}

/** Returns null without a terminal: a pipe gets the JSON lines unchanged. */
export function personsLog(terminal: Terminal, debug: boolean): PersonsLog | null {
  if (terminal.columns === null) return null;
  const show = (text: string): void => terminal.progress?.(text);
  return {
    write(line) {
      const text = textOf(terminal, line, debug);
      if (text === null) return;
      terminal.out(text);
    },
    listener: {
      progress(status) {
        show(paint(terminal, 'quiet', statusWords(status)));
      },
      stopping() {
        show('');
      },
    },
  };
}

/**
 * Returns `09:15:02  No row for some symbols …`, or null if the event is not shown. Returns lines in another format
 * unchanged.
 */
function textOf(terminal: Terminal, line: string, debug: boolean): string | null {
  try {
    const { level, time, event, message } = JSON.parse(line) as Readonly<Record<string, string>>;
    if (event === HEARTBEAT && level === 'info' && !debug) return null;
    const text = `${(time ?? '').slice(11, 19)}  ${message ?? ''}`;
    const tone = TONES[level ?? ''];
    return tone === undefined ? text : paint(terminal, tone, text);
  } catch {
    return line.trimEnd();
  }
}

/**
 * Checks the token and this machine's clock before the harvester waits for the session.
 *
 * @param env the harvester's environment, overridden by `.env`
 */
function checkBeforeStart(cwd: string, env: Environment): LookFirst {
  return async ({ settings, guard, log, signal, ...begun }) => {
    const first = await import('../../harvester/first-look.ts');
    const account = parseFyId(env[ENVIRONMENT.fyId]?.trim() ?? '');
    const look: FirstLook = {
      ...begun,
      ...whereIn(cwd, settings),
      account: account.ok ? account.value : null,
    };
    const unproven = await first.lookAtToken(look);
    if (unproven === null) return { proven: Promise.resolve() };
    const { fyersBroker } = await import('../../adapters/fyers/auth.ts');
    const broker = fyersBroker({
      apiUrl: settings.apiUrl,
      onSecret: (value) => {
        log.hide(value);
      },
      onServerTime: first.serverTimeWarning(look),
    });
    const prove = async (): Promise<void> => {
      await guard.ready();
      // Send no request for an account that the broker has refused for its request rate.
      if (guard.reason() === null) await first.proveFirst(look, unproven, broker, signal);
    };
    // The session may be open, so recording does not wait for the answer.
    return { proven: prove().catch(() => undefined) };
  };
}

function whereIn(
  cwd: string,
  { tokensFolder, suffix }: HarvestSettings,
): Pick<FirstLook, 'place' | 'loginCommand'> {
  if (tokensFolder === null) {
    const flag = suffix === '' ? '' : ` --suffix ${suffix}`;
    return {
      place: `in Parameter Store (${REGION})`,
      loginCommand: `./fyers login --aws${flag}`,
    };
  }
  const flag = tokensFolder === '.' ? '' : ` --dir ${tokensFolder}`;
  return {
    place: `in ${path.resolve(cwd, tokensFolder)}`,
    loginCommand: `./fyers login${flag}`,
  };
}
