// What systemd is told of the service: that it gets on, what it does, that it stops. Through `systemd-notify`, because Node
// has no Unix datagram sockets (nodejs/node#29339), so the unit has NotifyAccess=all.
import { spawn } from 'node:child_process';
import { type Status, statusWords } from '../../core/recording/columns.ts';
import { toError } from '../../core/errors.ts';
import { MINUTE, SECOND } from '../../core/time.ts';

/** What `harvester/ports.ts` calls an onlooker. */
export interface Notified {
  progress(status: Status): void;
  stopping(): void;
}

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told once when systemd cannot be told anything. */
  readonly onFailure: (problem: string) => void;
  readonly program?: string;
  /** Real time. */
  readonly everyMs?: number;
}

/** Without a word for so long, systemd ends the process with SIGABRT and starts it anew. */
const WATCHDOG = 5 * MINUTE;
/** A process each time, so not with every slot; several may get lost before the service looks dead. */
const EVERY_MS = 30 * SECOND;

/**
 * Null where nobody listens: started by hand. The watchdog is asked for by the first word and is in no unit: where the
 * words do not arrive, there is none that could kill a service which is well (sd_notify(3), WATCHDOG_USEC=).
 */
export function serviceManager(options: ServiceManagerOptions): Notified | null {
  const { NOTIFY_SOCKET: socket, PATH } = options.env;
  if (socket === undefined || socket === '') return null;
  const everyMs = options.everyMs ?? EVERY_MS;
  // A clock that nobody sets: after a step of the other one, systemd goes on counting.
  let toldAt = -Infinity;
  let failed = false;
  const complain = (problem: string): void => {
    if (!failed) options.onFailure(problem);
    failed = true;
  };
  const tell = (...words: readonly string[]): void => {
    toldAt = performance.now();
    const child = spawn(options.program ?? 'systemd-notify', words, {
      env: { PATH, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    });
    child.once('error', (error) => {
      complain(toError(error).message);
    });
    child.once('exit', (code) => {
      if (code !== 0) complain(`systemd-notify ended with ${String(code)}`);
    });
  };
  return {
    progress(status) {
      if (performance.now() - toldAt < everyMs) return;
      const first = toldAt === -Infinity ? [`WATCHDOG_USEC=${String(WATCHDOG * 1_000)}`] : [];
      tell(...first, 'WATCHDOG=1', `STATUS=${statusWords(status)}`);
    },
    stopping() {
      tell('STOPPING=1', 'STATUS=finishes the slot and ships');
    },
  };
}
