// Locks a folder for one harvester with a listening local socket, which the kernel frees when its
// process ends.
import { createHash } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FyersError, toError } from '../../core/errors.ts';

/** @throws FyersError `operator.usage` if another process holds the folder */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const address = addressOf(await realpath(folder));
  const server = (await listen(address)) ?? (await replaceStaleSocket(address));
  if (server === null) throw lockedFolderError(folder);
  server.unref();
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

/**
 * Linux has sockets without a file; elsewhere the socket's file is in the folder for temporary
 * files.
 */
function addressOf(folder: string): string {
  const name = `fyers-harvester-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\${name}`
    : path.join(tmpdir(), `${name}.sock`);
}

/** Null if the address is in use. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (Reflect.get(error, 'code') === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(server);
    });
  });
}

async function replaceStaleSocket(address: string): Promise<Server | null> {
  if (address.startsWith('\0') || (await isAnswered(address))) return null;
  await rm(address, { force: true });
  return listen(address);
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      resolve(Reflect.get(toError(error), 'code') !== 'ECONNREFUSED');
    });
  });
}

function lockedFolderError(folder: string): FyersError {
  return new FyersError(
    'operator.usage',
    `Another harvester records into ${folder}.`,
    'Stop it first, or give this one another folder: `./fyers harvest --data DIR`.',
  );
}
