// A chat with the operator's own Telegram bot (Telegram Bot API, "sendMessage", "getUpdates").
import got, { HTTPError, type OptionsOfJSONResponseBody, RequestError } from 'got';
import * as z from 'zod/mini';
import type { TelegramChat } from '../core/config/values.ts';
import { lenientArray } from '../core/text.ts';
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

/** Errors: `platform.message`, with Telegram's own words and never the bot's token. */
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
        // A bot that was removed, or a chat that it was blocked in: what is sent there reaches nobody.
        return false;
      }
    },
  };
}

export interface FoundChat {
  readonly chatId: string;
  readonly name: string;
}

/** The chats that have written to the bot lately, the newest last. Errors: `platform.message`. */
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
      // Once more, on another connection than one that may have been closed meanwhile: a message twice does no harm.
      retry: { limit: 1, methods: ['POST'], statusCodes: [429, 500, 502, 503, 504] },
      agent: { http: false, https: false },
    };
    return await got.post(`${apiUrl}/bot${botToken}/${method}`, options).json();
  } catch (caught) {
    throw new FyersError(
      'platform.message',
      // The address holds the token, so got's own message, which quotes it, is left out.
      `Telegram did not take ${method}: ${problemOf(caught)}.`,
      'Check the bot with `npx --no-install fyers telegram`.',
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
