// Serves Telegram's Bot API on loopback: one bot, the chats that wrote to it, and the messages that were sent.
import { serveReplies } from './loopback.ts';

export interface TelegramServer extends AsyncDisposable {
  readonly url: string;
  /** Bodies of `sendMessage`. */
  readonly messages: readonly { readonly chat_id: string; readonly text: string }[];
  /** How often the chats were asked for. */
  readonly asked: () => number;
}

export interface Chat {
  readonly id: number;
  readonly first_name?: string;
  readonly title?: string;
}

/** @param chats those that have written, at the nth time that it is asked */
export async function telegramServer(
  token: string,
  chats: (nth: number) => readonly Chat[] = () => [],
): Promise<TelegramServer> {
  const messages: { chat_id: string; text: string }[] = [];
  let asked = 0;
  const answer = (path: string, body: string) => {
    if (path === `/bot${token}/sendMessage`) {
      messages.push(JSON.parse(body) as { chat_id: string; text: string });
      return { ok: true, result: {} };
    }
    if (path === `/bot${token}/getUpdates`) {
      asked += 1;
      return { ok: true, result: chats(asked).map((chat) => ({ message: { chat } })) };
    }
    return { ok: false, error_code: 401, description: 'Unauthorized' };
  };
  const listening = await serveReplies(({ url = '' }, body) => {
    const given = answer(url, body);
    const headers = { 'content-type': 'application/json' };
    return { status: given.ok ? 200 : 401, headers, body: JSON.stringify(given) };
  });
  return {
    ...listening,
    messages,
    asked: () => asked,
  };
}
