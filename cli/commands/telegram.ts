// Finds the chat between the operator and the operator's bot, and stores bot token and chat for the functions
// (`./fyers telegram`).
import type { Command } from 'commander';
import type { FoundChat } from '../../adapters/telegram.ts';
import { type TelegramChat, parseBotToken, parseEndpoint } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import { ENVIRONMENT, TELEGRAM_API_URL } from '../../core/config/names.ts';
import { MINUTE, SECOND, plus } from '../../core/time.ts';
import { testMessage } from '../shared/channels.ts';
import type { Session } from '../shared/io.ts';
import { pulumiIn, selectedStack } from '../shared/pulumi.ts';
import {
  type Settings,
  parseSettingOrThrow,
  settingsOf,
  parseOrThrow,
} from '../shared/settings.ts';

interface TelegramOptions {
  readonly env?: true;
  readonly chat?: string;
  readonly stack?: string;
  readonly store: boolean;
  readonly yes?: true;
}

const MAX_WAIT_MS = 2 * MINUTE;
const POLL_INTERVAL_MS = 3 * SECOND;

export function addTelegram(program: Command, session: Session): void {
  program
    .command('telegram')
    .description('Get the daily login link by Telegram: finds your chat with your bot.')
    .option('--env', `read the bot token from ${ENVIRONMENT.telegram} in .env`)
    .option('--chat <ID>', 'the chat to use, if several have written to the bot')
    .option('--stack <STACK>', 'the stack to configure (default: the selected one)')
    .option('--no-store', 'find the chat and send a test message, and store nothing')
    .option('--yes', "don't ask before storing; required without a terminal")
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
First, in Telegram: write /newbot to @BotFather, and keep the token from its answer. Open the chat with your new bot and
press Start; in a group, add the bot and write something.

Asks for the token without showing it, or reads it from a pipe. Waits up to two minutes for the chat, sends a test message
to it, and stores token and chat as the secret \`telegram\` of the stack. The token is never printed.

Examples:
  $ ./fyers telegram
  $ ./fyers telegram --chat -1001234567890 --yes < bot-token.txt`,
    )
    .action((options: TelegramOptions) => telegram(session, options));
}

async function telegram(session: Session, options: TelegramOptions): Promise<void> {
  const { io } = session;
  const settings = settingsOf(io.cwd, io.env);
  const apiUrl =
    parseSettingOrThrow(settings, ENVIRONMENT.telegramApiUrl, parseEndpoint) ?? TELEGRAM_API_URL;
  const botToken = await botTokenFor(session, options, settings);
  const found = await chatFor(session, options, await waitForChats(session, botToken, apiUrl));
  const chat: TelegramChat = { botToken, chatId: found.chatId };
  const { telegramChannel } = await import('../../adapters/telegram.ts');
  await telegramChannel({ chat, apiUrl }).send(testMessage(io.clock.now()));
  io.out(`Sent a test message to ${found.name} (chat ${found.chatId}).`);
  await storeChat(session, options, chat);
}

/** @throws FyersError `operator.config` for an invalid bot token */
async function botTokenFor(
  { io, hide }: Session,
  options: TelegramOptions,
  settings: Settings,
): Promise<string> {
  const given =
    options.env === true
      ? // The value may already include a chat: `<bot token>/<chat>`.
        (settings(ENVIRONMENT.telegram) ?? '').replace(/\/-?\d*$/, '')
      : io.person === null
        ? await io.piped()
        : await io.person.ask('Bot token from @BotFather: ', { hidden: true });
  const place = options.env === true ? settings.placeOf(ENVIRONMENT.telegram).place : 'The value';
  const token = parseOrThrow(place, parseBotToken(given.trim()));
  hide(token);
  return token;
}

/** Waits for the first message. @throws FyersError `operator.channel` if none arrives in time */
async function waitForChats(
  { io }: Session,
  botToken: string,
  apiUrl: string,
): Promise<readonly FoundChat[]> {
  const { chatsOf } = await import('../../adapters/telegram.ts');
  const until = plus(io.clock.now(), MAX_WAIT_MS);
  for (let isAnnounced = false; ; isAnnounced = true) {
    const chats = await chatsOf(botToken, apiUrl);
    if (chats.length > 0) return chats;
    if (io.clock.now() >= until) throw noMessageError();
    if (!isAnnounced)
      io.err('Open the chat with your bot in Telegram and press Start. Waiting for it …');
    await io.clock.sleepUntil(plus(io.clock.now(), POLL_INTERVAL_MS), new AbortController().signal);
  }
}

function noMessageError(): FyersError {
  return new FyersError(
    'operator.channel',
    'The bot received no message in two minutes, or another program has fetched its messages.',
    'Write something to the bot in Telegram, and repeat `./fyers telegram`.',
  );
}

/** @throws FyersError `operator.usage` if the chat is ambiguous */
async function chatFor(
  { io }: Session,
  options: TelegramOptions,
  chats: readonly FoundChat[],
): Promise<FoundChat> {
  io.out('Chats that have written to the bot:');
  for (const { chatId, name } of chats) io.out(`  ${chatId}  ${name}`);
  const [first, second] = chats;
  if (options.chat === undefined && first !== undefined && second === undefined) return first;
  const wanted =
    options.chat ??
    (io.person === null ? '' : (await io.person.ask('The number of the chat to use: ')).trim());
  const chosen = chats.find(({ chatId }) => chatId === wanted);
  if (chosen !== undefined) return chosen;
  throw new FyersError(
    'operator.usage',
    wanted === ''
      ? 'More than one chat has written to the bot.'
      : `No chat ${wanted} has written to the bot.`,
    'Choose one of the chats above: `./fyers telegram --chat ID`.',
  );
}

async function storeChat(
  { io }: Session,
  options: TelegramOptions,
  { botToken, chatId }: TelegramChat,
): Promise<void> {
  if (!options.store || (options.yes !== true && io.person === null)) {
    io.out(
      `Nothing was stored. Repeat this command with --yes, or run \`pulumi config set --secret telegram\` and enter BOT_TOKEN/${chatId}.`,
    );
    return;
  }
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const stack = await selectedStack(pulumi, options.stack);
  if (options.yes !== true && (await io.person?.confirm(`Store it for stack ${stack}?`)) !== true) {
    io.out('Nothing was stored.');
    return;
  }
  const value = `${botToken}/${chatId}`;
  await pulumi(['config', 'set', '--secret', '--stack', stack, 'telegram'], value);
  io.out(`Stored for stack ${stack}, encrypted.`);
  io.out('Next: `pulumi up`, then `./fyers test-alert`.');
}
