// Runs the real systemd-notify with a socket in place of systemd's.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { serviceManager } from '../../adapters/process/service-manager.ts';
import { parseInstant } from '../../core/time.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const PROGRAM = '/usr/bin/systemd-notify';
const wanted = existsSync(PROGRAM) || process.env['CI'] === 'true';
/** Node has no datagram sockets of a path. A barrier is answered by closing what came with it. */
const LISTEN = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('listening', flush=True)
while True:
    data, anc, _, _ = s.recvmsg(4096, 256)
    for level, kind, fds in anc:
        for fd in array.array('i', fds[:len(fds) - len(fds) % 4]):
            os.close(fd)
    print(data.decode().replace('\\n', '|'), flush=True)
`;

const folder = makeFolderPerTest();

test.skipIf(!wanted)(
  `serviceManager sends watchdog and status through systemd-notify${wanted ? '' : ` (skipped: no ${PROGRAM})`}`,
  async () => {
    const socket = path.join(folder.path, 'notify');
    const listener = spawn('python3', ['-c', LISTEN, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let heard = '';
    listener.stdout.setEncoding('utf8').on('data', (piece: string) => (heard += piece));
    try {
      await vi.waitFor(() => {
        expect(heard).toContain('listening');
      }, 20_000);
      const at = parseInstant('2026-11-25T09:15:05+05:30');
      const problems: string[] = [];
      const manager = serviceManager({
        env: { NOTIFY_SOCKET: socket, PATH: process.env['PATH'] },
        onFailure: (problem) => problems.push(problem),
      });
      manager?.progress({ at, doing: { kind: 'waiting', opensAt: at }, hasToken: false });
      await vi.waitFor(() => {
        expect(heard).toContain('STATUS=');
      }, 20_000);
      expect(heard).toContain('WATCHDOG_USEC=300000000|WATCHDOG=1|STATUS=09:15:05 · waits for');
      expect(problems).toEqual([]);
    } finally {
      listener.kill();
    }
  },
);
