// Receives the messages of SNS on loopback, as a subscribed mailbox does.
import { serveReplies } from './loopback.ts';

interface Mail {
  readonly Type: string;
  readonly Subject?: string;
  readonly Message: string;
  /** Of a mail that asks for confirmation. */
  readonly Token?: string;
}

export interface Mailbox extends AsyncDisposable {
  /** To subscribe by `http`. */
  readonly address: string;
  /** The oldest message that has not been taken yet. */
  next(): Promise<Mail>;
}

export async function mailbox(): Promise<Mailbox> {
  const waiting: ((mail: Mail) => void)[] = [];
  const come: Mail[] = [];
  const { url, ...listening } = await serveReplies((_request, body) => {
    const mail = JSON.parse(body) as Mail;
    const taker = waiting.shift();
    if (taker === undefined) come.push(mail);
    else taker(mail);
    return { status: 200, body: '' };
  });
  return {
    ...listening,
    address: `${url}/`,
    next: () =>
      new Promise((resolve) => {
        const mail = come.shift();
        if (mail === undefined) waiting.push(resolve);
        else resolve(mail);
      }),
  };
}
