// The line to the broker: while it is cut, nobody takes a connection, and those that were are gone.
import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';

export interface Line extends AsyncDisposable {
  /** In place of the broker's own. */
  readonly url: string;
  cut(): void;
  mend(): Promise<void>;
}

export async function lineTo(upstream: string): Promise<Line> {
  const port = Number(new URL(upstream).port);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The other end says what it makes of it.
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) keep(socket);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const cut = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    cut,
    async mend() {
      if (server.listening) return;
      server.listen(address.port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return;
      cut();
      await once(server, 'close');
    },
  };
}
