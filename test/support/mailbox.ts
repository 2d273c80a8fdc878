// A subscriber on loopback that receives the messages of SNS like a mailbox.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

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
  /** The oldest that nobody has taken yet. */
  next(): Promise<Mail>;
}

export async function mailbox(): Promise<Mailbox> {
  const waiting: ((mail: Mail) => void)[] = [];
  const come: Mail[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      response.end();
      const mail = JSON.parse(body) as Mail;
      const taker = waiting.shift();
      if (taker === undefined) come.push(mail);
      else taker(mail);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${String(port)}/`,
    next: () =>
      new Promise((resolve) => {
        const mail = come.shift();
        if (mail === undefined) waiting.push(resolve);
        else resolve(mail);
      }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
