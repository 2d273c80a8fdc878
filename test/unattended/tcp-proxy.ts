// Runs a TCP proxy in front of the broker. After `disconnect` it has closed the open connections and refuses new ones.
import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  /** The URL to use in place of the broker's. */
  readonly url: string;
  disconnect(): void;
  reconnect(): Promise<void>;
}

export async function startTcpProxy(upstream: string): Promise<TcpProxy> {
  const port = Number(new URL(upstream).port);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The other end reports the error to its caller.
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
  const disconnect = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    disconnect,
    async reconnect() {
      if (server.listening) return;
      server.listen(address.port, '127.0.0.1');
      await once(server, 'listening');
    },
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return;
      disconnect();
      await once(server, 'close');
    },
  };
}
