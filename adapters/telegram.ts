// Sends messages to a chat with the operator's own Telegram bot (Telegram Bot API, "sendMessage",
// "getUpdates").
import got, { HTTPError, type OptionsOfJSONResponseBody, RequestError } from 'got';
import * as z from 'zod/mini';
import type { TelegramChat } from '../core/config/values.ts';
import { lenientArray, parseJson } from '../core/text.ts';
import { FyersError, toError } from '../core/errors.ts';
import { TELEGRAM_API_URL } from '../core/config/names.ts';
import type { Notifier } from '../core/ports.ts';

export interface TelegramOptions {
  readonly chat: TelegramChat;
  readonly apiUrl?: string;
}

const TIMEOUT_MS = 8_000;
const Updates = z.object({
  result: lenientArray(
    z.object({
      message: z.optional(
        z.object({
          chat: z.object({
            id: z.number(),
            first_name: z.optional(z.string()),
            title: z.optional(z.string()),
          }),
        }),
      ),
    }),
  ),
});
const Problem = z.object({ description: z.string() });

/** Errors: `platform.message`, with Telegram's description and never with the bot's token. */
export function telegramChannel({ chat, apiUrl = TELEGRAM_API_URL }: TelegramOptions): Notifier {
  return {
    async send({ subject, text }) {
      await call(apiUrl, chat.botToken, 'sendMessage', {
        chat_id: chat.chatId,
        text: `${subject}\n\n${text}`,
        // A preview would open the link from Telegram's own servers.
        link_preview_options: { is_disabled: true },
      });
    },
    async hasListener() {
      try {
        await call(apiUrl, chat.botToken, 'getChat', { chat_id: chat.chatId });
        return true;
      } catch {
        // The bot was removed, or the chat blocked it: messages are not delivered.
        return false;
      }
    },
  };
}

export interface FoundChat {
  readonly chatId: string;
  readonly name: string;
}

/** The chats that have written to the bot recently, newest last. Errors: `platform.message`. */
export async function chatsOf(
  botToken: string,
  apiUrl = TELEGRAM_API_URL,
): Promise<readonly FoundChat[]> {
  const { result } = Updates.parse(await call(apiUrl, botToken, 'getUpdates', {}));
  const chats = result.flatMap(({ message }) => (message === undefined ? [] : [message.chat]));
  const found = chats.map(({ id, first_name: first, title }) => ({
    chatId: String(id),
    name: title ?? first ?? 'without a name',
  }));
  return [...new Map(found.map((chat) => [chat.chatId, chat])).values()];
}

async function call(
  apiUrl: string,
  botToken: string,
  method: string,
  json: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  try {
    const options: OptionsOfJSONResponseBody = {
      json,
      timeout: { request: TIMEOUT_MS },
      // Retry once on a new connection, because the first may have been closed. A duplicate message
      // is harmless.
      retry: { limit: 1, methods: ['POST'], statusCodes: [429, 500, 502, 503, 504] },
      agent: { http: false, https: false },
    };
    return await got.post(`${apiUrl}/bot${botToken}/${method}`, options).json();
  } catch (caught) {
    throw new FyersError(
      'platform.message',
      // got's own message is left out, because it quotes the URL, which contains the token.
      `Telegram did not accept ${method}: ${problemOf(caught)}.`,
      'Check the bot with `./fyers telegram`.',
    );
  }
}

function problemOf(caught: unknown): string {
  if (caught instanceof HTTPError) {
    const problem = Problem.safeParse(parseJson(String(caught.response.body)));
    const status = `HTTP ${String(caught.response.statusCode)}`;
    return problem.success ? `${status}, ${problem.data.description}` : status;
  }
  return caught instanceof RequestError ? caught.code : toError(caught).name;
}
