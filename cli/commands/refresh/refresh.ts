// Runs the keeper's refresh in AWS or on this folder's files (`./fyers refresh`).
import path from 'node:path';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import { FyersError } from '../../../core/errors.ts';
import { invokeKeeper } from '../../shared/aws.ts';
import type { Session } from '../../shared/io.ts';
import { type RefreshOptions, refreshFiles } from './local.ts';
import { namesOf, settingsOf } from '../../shared/settings.ts';

export function addRefresh(program: Command, session: Session): void {
  program
    .command('refresh')
    .description('Make the access token good for today, as FyersTokenRefresh does every morning.')
    .option('--local', 'refresh the token files of the folder, here')
    .option('--aws', 'run FyersTokenRefresh in AWS, now')
    .option('--probe', 'ask Fyers to refresh although it has switched that off')
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Needs a refresh token and the PIN. Fyers has switched refreshing off since 1 April 2026; a refusal is remembered, and the PIN
is not sent again until --probe. A live access token is kept, and no request is sent. Use \`login\` for a new one.

--local reads refresh_token.txt, and FYERS_CLIENT_ID, FYERS_SECRET_KEY and FYERS_PIN from .env (a missing PIN is
asked for), and writes access_token.txt and daily_token.txt (the same), readable only by you (mode 600). Earlier refusals are
kept in .fyers-token-state.json. --aws invokes the function with your own AWS identity; it may send a login link.

Exits with 0 when the token is live, with 2 when a login is needed, and with 3 or 4 when Fyers or AWS failed.

Examples:
  $ ./fyers refresh --local
  $ ./fyers refresh --aws
  $ ./fyers refresh --aws --probe`,
    )
    .action((options: RefreshOptions) => refresh(session, options));
}

async function refresh(session: Session, options: RefreshOptions): Promise<void> {
  if ((options.local === true) === (options.aws === true)) {
    throw new FyersError(
      'operator.usage',
      'A refresh is either of the token files here or of the stack in AWS.',
      'Run `./fyers refresh --local` or `./fyers refresh --aws`.',
    );
  }
  await (options.local === true ? refreshFiles(session, options) : refreshStack(session, options));
}

const Body = z.object({ message: z.string() });

/** Maps the status to the exit code: 200 is a live token (or a day of rest), 202 a pending login. */
async function refreshStack(session: Session, options: RefreshOptions): Promise<void> {
  const { io } = session;
  const names = namesOf(settingsOf(path.resolve(io.cwd, options.dir), io.env), options.suffix);
  const event = options.probe === true ? { probe: true } : {};
  const { statusCode, body } = await invokeKeeper(session, names, event);
  const parsed = Body.safeParse(body);
  const message = parsed.success ? parsed.data.message : '';
  const answer = { function: names.function('refresh'), statusCode, message };
  io.out(options.json === true ? JSON.stringify(answer, null, 2) : message);
  if (statusCode === 200) return;
  throw new FyersError(
    'operator.login',
    'The token is not live until you log in.',
    'Log in through the link, if one was sent, or run `./fyers login --aws`.',
  );
}
