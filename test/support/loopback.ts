// Lets a server listen on a free port of this machine.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Listening extends AsyncDisposable {
  readonly url: string;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Serves the replies to requests and their bodies; null closes the connection. */
export function serveReplies(
  reply: (request: IncomingMessage, body: string) => Reply | null | Promise<Reply>,
): Promise<Listening> {
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const given = await reply(request, body);
      if (given === null) request.socket.destroy();
      else response.writeHead(given.status, given.headers).end(given.body);
    });
  });
  return listenOnLoopback(server);
}

/** Disposing of it closes the server and its connections. */
export async function listenOnLoopback(server: Server): Promise<Listening> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        // Also called if the server is closed already.
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
