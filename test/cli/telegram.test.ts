import { describe, expect, test } from 'vitest';
import { leaksOf } from '../support/canaries.ts';
import { personSaying } from '../support/emulated-aws.ts';
import { type Chat, type TelegramServer, telegramServer } from '../support/telegram-server.ts';
import { type StageOptions, type PulumiStage, stageWithPulumi } from './cli-harness.ts';

const BOT = '123456789:CANARYbotCANARYbotCANARYbotCANARYbo';
const ME: Chat = { id: 42, first_name: 'Me' };
const GROUP: Chat = { id: -1001, title: 'Desk' };

function createStage(server: TelegramServer, options: StageOptions): Promise<PulumiStage> {
  return stageWithPulumi('', true, {
    ...options,
    env: { FYERS_TELEGRAM_API_URL: `${server.url}/` },
  });
}

const SET = ['--non-interactive', '--color', 'never', 'config', 'set', '--secret', '--stack'];

describe('fyers telegram', () => {
  test('finds the chat, sends a test message, and passes the setting to Pulumi on standard input', async () => {
    const person = personSaying(BOT, 'yes');
    await using server = await telegramServer(BOT, () => [ME, ME]);
    await using at = await createStage(server, { person });
    const { code, out, err } = await at.run('telegram');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(person.questions).toEqual([
      { question: 'Bot token from @BotFather: ', hidden: true },
      { question: 'Store it for stack dev?', hidden: false },
    ]);
    expect(server.messages).toMatchObject([{ chat_id: '42' }]);
    expect(at.calls().at(-1)).toEqual({ args: [...SET, 'dev', 'telegram'], input: `${BOT}/42` });
    expect(out).toContain('Sent a test message to Me (chat 42).');
    expect(out).toContain('Next: `pulumi up`');
    expect(leaksOf(out, { bot: BOT })).toEqual([]);
    expect(leaksOf(JSON.stringify(at.calls().map(({ args }) => args)), { bot: BOT })).toEqual([]);
  });

  test('waits until Start is pressed, and reads the token from a pipe', async () => {
    await using server = await telegramServer(BOT, (nth) => (nth < 5 ? [] : [ME]));
    await using at = await createStage(server, { piped: `${BOT}\n` });
    const { code, err } = await at.run('telegram', '--yes', '--stack', 'paper');
    expect(code).toBe(0);
    expect(err).toBe('Open the chat with your bot in Telegram and press Start. Waiting for it …');
    expect(server.asked()).toBe(5);
    expect(at.calls().at(-1)?.args).toContain('paper');
  });

  test('gives up after two minutes without a message', async () => {
    await using server = await telegramServer(BOT);
    await using at = await createStage(server, { piped: BOT });
    const { code, err } = await at.run('telegram');
    expect(code).toBe(2);
    expect(err).toMatch(
      /\noperator\.channel: The bot received no message .*repeat `\.\/fyers telegram`\.$/,
    );
    expect(server.asked()).toBe(41);
    expect(at.calls()).toEqual([]);
  });

  test('lets the person or --chat choose one of several chats', async () => {
    await using server = await telegramServer(BOT, () => [ME, GROUP]);
    await using asked = await createStage(server, { person: personSaying(BOT, '-1001', 'no') });
    const no = await asked.run('telegram');
    expect(no.out).toMatch(
      /42 {2}Me\n {2}-1001 {2}Desk\nSent a test message to Desk[\s\S]*Nothing was stored\./,
    );
    await using named = await createStage(server, { piped: BOT });
    expect((await named.run('telegram', '--chat', '-1001', '--yes')).code).toBe(0);
    expect(named.calls().at(-1)?.input).toBe(`${BOT}/-1001`);
    expect((await named.run('telegram')).err).toMatch(
      /^operator\.usage: More than one.*--chat ID`/,
    );
    expect((await named.run('telegram', '--chat', '7')).err).toMatch(/^operator\.usage: No chat 7/);
  });

  test.each([
    ['with --no-store', { person: personSaying(BOT) }, ['--no-store']],
    ['if there is no terminal', { piped: BOT }, []],
  ])('prints the next step and stores nothing %s', async (_what, options, flags) => {
    await using server = await telegramServer(BOT, () => [ME]);
    await using at = await createStage(server, options);
    const { code, out } = await at.run('telegram', ...flags);
    expect(code).toBe(0);
    expect(out).toMatch(/Nothing was stored\..*`pulumi config set --secret telegram`.*\/42/);
    expect(leaksOf(out, { bot: BOT })).toEqual([]);
    expect(at.calls()).toEqual([]);
  });

  test.each([BOT, `${BOT}/42`])('uses the token of .env with --env', async (value) => {
    await using server = await telegramServer(BOT, () => [ME]);
    await using at = await createStage(server, {});
    at.write('.env', `FYERS_TELEGRAM=${value}\n`);
    expect((await at.run('telegram', '--env', '--yes')).code).toBe(0);
    expect(at.calls().at(-1)?.input).toBe(`${BOT}/42`);
  });

  test('rejects a malformed token and a token that Telegram refuses, and prints neither', async () => {
    await using server = await telegramServer(BOT);
    await using short = await createStage(server, { piped: 'CANARY-no-token' });
    const malformed = await short.run('telegram');
    expect(malformed.code).toBe(2);
    expect(malformed.err).toMatch(/must be the bot token as @BotFather gives it/);
    expect(malformed.err).not.toContain('CANARY');
    const other = BOT.replace('bot', 'BOT');
    await using refused = await createStage(server, { piped: other });
    const { code, err } = await refused.run('telegram', '--debug');
    expect(code).toBe(4);
    expect(err).toMatch(/^platform\.message: .*HTTP 401, Unauthorized/);
    expect(leaksOf(err, { bot: other })).toEqual([]);
  });
});
