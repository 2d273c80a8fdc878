// Registers all commands, and turns every error into one message and an exit code (`./fyers`).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { isatty } from 'node:tty';
import { Command, CommanderError } from 'commander';
import { diskRefusal } from '../adapters/recordings/disk.ts';
import { systemClock } from '../adapters/process/clock.ts';
import { createLog } from '../adapters/process/log.ts';
import { FyersError, exitCodeOf, toError } from '../core/errors.ts';
import { REGION } from '../core/config/names.ts';
import { SECOND } from '../core/time.ts';
import { addConfigure } from './commands/configure.ts';
import { addConfirm } from './commands/confirm.ts';
import { addDoctor } from './commands/doctor.ts';
import { addCalendar } from './commands/calendar.ts';
import { addCheck } from './commands/check.ts';
import { addCompact } from './commands/compact.ts';
import { addExport } from './commands/export.ts';
import { addImport } from './commands/import.ts';
import { addInspect } from './commands/inspect.ts';
import { addReplay } from './commands/replay.ts';
import { addHarvest } from './commands/harvest.ts';
import { watchEndedSimulator, withEndedSimulator } from './shared/ended-simulator.ts';
import { type Io, type Session, atTerminal } from './shared/io.ts';
import { addLogin } from './commands/login/login.ts';
import { addLogs } from './commands/logs.ts';
import { addReport } from './commands/report/report.ts';
import { addRefresh } from './commands/refresh.ts';
import { addSsm } from './commands/ssm/ssm.ts';
import { addStatus } from './commands/status.ts';
import { addTakeover } from './commands/takeover/takeover.ts';
import { addTelegram } from './commands/telegram.ts';
import { linesTo, paint, reflowed } from './shared/terminal.ts';
import { addTestAlert } from './commands/test-alert.ts';
import { addTokens } from './commands/tokens.ts';

const USAGE_EXIT_CODE = 2;

const HELP = `
Examples:
  $ ./fyers login                   log in to Fyers and keep the token
  $ ./fyers refresh --local         without a login, where Fyers allows it
  $ ./fyers status                  how does the stack stand, and what have I to do?
  $ ./fyers logs refresh            what has the daily run logged?
  $ ./fyers tokens                  is there a token for the coming session?
  $ ./fyers tokens --use-ssm        the same for the parameters in AWS
  $ ./fyers doctor                  is everything there that is needed?
  $ ./fyers test-alert              would the login link reach me?
  $ ./fyers ssm list                which parameters are there
  $ ./fyers harvest --every 10s     record the order book on this machine
  $ ./fyers COMMAND --help          more of one command

Exit codes: 0 done, 2 you have to do something, 3 the broker refused or is away, 4 AWS or this machine, 70 a fault of this program.`;

/** Returns the exit code. Never throws: every error becomes one message on standard error. */
export async function main(argv: readonly string[], given: Io = processIo()): Promise<number> {
  const { io, finish } = watchEndedSimulator(given);
  const log = createLog({ clock: io.clock, write: io.err });
  let exitCode = 0;
  /** Prints the error and returns its exit code. */
  const printError = (caught: unknown): number => {
    const error = withEndedSimulator(diskRefusal(caught) ?? toError(caught), io.env);
    for (const line of errorLines(error, io, argv.includes('--debug'))) io.err(log.scrub(line));
    return exitCodeOf(error);
  };
  const session: Session = {
    io,
    hide: (secret) => {
      log.hide(secret);
    },
    exitWith: (code) => {
      exitCode = code;
    },
    failed: (error) => {
      exitCode = printError(error);
    },
  };
  try {
    await programOf(session).parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (caught) {
    // Commander has already printed the usage error.
    if (caught instanceof CommanderError) return caught.exitCode === 0 ? 0 : USAGE_EXIT_CODE;
    return printError(caught);
  } finally {
    finish();
  }
}

function programOf(session: Session): Command {
  const { io } = session;
  const program = new Command('fyers')
    .description("The tokens and the harvester of fyers-token-refresh, from the project's folder.")
    .version(readVersion(), '--version', 'which release this is')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        io.out(reflowed(io, text.trimEnd()));
      },
      writeErr: (text) => {
        io.err(text.trimEnd());
      },
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
    })
    .showHelpAfterError('Add --help to see the options.')
    // Lets a command reuse option names of other commands.
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', HELP);
  addLogin(program, session);
  addRefresh(program, session);
  addStatus(program, session);
  addTokens(program, session);
  addCalendar(program, session);
  addLogs(program, session);
  addSsm(program, session);
  addHarvest(program, session);
  addReport(program, session);
  addCheck(program, session);
  addInspect(program, session);
  addExport(program, session);
  addReplay(program, session);
  addCompact(program, session);
  addImport(program, session);
  addConfigure(program, session);
  addConfirm(program, session);
  addTelegram(program, session);
  addTestAlert(program, session);
  addDoctor(program, session);
  addTakeover(program, session);
  return program;
}

function readVersion(): string {
  const file = path.join(import.meta.dirname, '..', 'package.json');
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return String(Reflect.get(Object(manifest), 'version'));
}

function errorLines(error: Error, io: Io, debug: boolean): readonly string[] {
  const known = error instanceof FyersError;
  const code = known ? error.code : 'bug.unexpected';
  return [
    `${paint(io, 'bad', `${code}:`)} ${error.message}`,
    ...(exitCodeOf(error) === exitCodeOf(null) ? [reportStep(debug)] : []),
    ...(debug && error.stack !== undefined ? [error.stack] : []),
  ];
}

function reportStep(debug: boolean): string {
  return debug
    ? 'This is a bug in this program. Please report it with the command, all of this output, and the output of `./fyers doctor --json`.'
    : 'This is a bug in this program. Repeat the command with --debug, and please report its output and that of `./fyers doctor --json`.';
}

/** Clears the terminal's line and writes it again. */
function rewriteLine(text: string): void {
  process.stderr.write(`\r\u001b[2K${text}`);
}

function processIo(): Io {
  // After `| head` has closed the pipe, end without an error.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    process.exit(code === 'EPIPE' ? 0 : exitCodeOf(null));
  });
  // hasColors honours NO_COLOR; check both streams, because errors may go elsewhere.
  const colour = isatty(1) && isatty(2) && process.stdout.hasColors();
  return {
    ...linesTo({
      colour,
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(text),
      rewrite: isatty(2) ? rewriteLine : null,
    }),
    colour,
    columns: isatty(1) ? process.stdout.columns : null,
    cwd: process.cwd(),
    env: process.env,
    clock: systemClock,
    aws: {
      region: REGION,
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: 3 * SECOND,
        requestTimeout: 10 * SECOND,
        throwOnRequestTimeout: true,
      },
    },
    person: isatty(0) ? atTerminal : null,
    piped: () => text(process.stdin),
    open: async (url) => {
      const { default: open } = await import('open');
      await open(url);
    },
  };
}
