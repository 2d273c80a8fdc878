// Lets a server listen on a free port of this machine.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Listening extends AsyncDisposable {
  readonly url: string;
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
