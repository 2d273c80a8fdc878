// Notifies systemd of the service's progress, status and stop. It uses `systemd-notify`, because
// Node has no Unix datagram sockets (nodejs/node#29339), so the unit has NotifyAccess=all.
import { spawn } from 'node:child_process';
import { type Status, statusWords } from '../../core/recording/columns.ts';
import { toError } from '../../core/errors.ts';
import { MINUTE, SECOND } from '../../core/time.ts';

/** The `ProgressListener` of `harvester/ports.ts`. */
export interface Notified {
  progress(status: Status): void;
  stopping(): void;
}

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once if systemd cannot be notified. */
  readonly onFailure: (problem: string) => void;
  readonly program?: string;
  /** Real time. */
  readonly everyMs?: number;
}

/** Without a notification for this long, systemd ends the process with SIGABRT and restarts it. */
const WATCHDOG_TIMEOUT_MS = 5 * MINUTE;
/**
 * Each notification starts a process, so not every slot sends one. Several may be lost before the
 * service appears dead.
 */
const NOTIFY_INTERVAL_MS = 30 * SECOND;

/**
 * Returns null if systemd did not start the process. The first notification enables the watchdog;
 * the unit does not. So a watchdog cannot kill a healthy service whose notifications do not arrive
 * (sd_notify(3), WATCHDOG_USEC=).
 */
export function serviceManager(options: ServiceManagerOptions): Notified | null {
  const { NOTIFY_SOCKET: socket, PATH } = options.env;
  if (socket === undefined || socket === '') return null;
  const everyMs = options.everyMs ?? NOTIFY_INTERVAL_MS;
  // Uses the monotonic clock, because systemd's timeout does not follow changes of the wall clock.
  let notifiedAt = -Infinity;
  let failed = false;
  const reportFailure = (problem: string): void => {
    if (!failed) options.onFailure(problem);
    failed = true;
  };
  const notify = (...words: readonly string[]): void => {
    notifiedAt = performance.now();
    const child = spawn(options.program ?? 'systemd-notify', words, {
      env: { PATH, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    });
    child.once('error', (error) => {
      reportFailure(toError(error).message);
    });
    child.once('exit', (code) => {
      if (code !== 0) reportFailure(`systemd-notify ended with ${String(code)}`);
    });
  };
  return {
    progress(status) {
      if (performance.now() - notifiedAt < everyMs) return;
      const first =
        notifiedAt === -Infinity ? [`WATCHDOG_USEC=${String(WATCHDOG_TIMEOUT_MS * 1_000)}`] : [];
      notify(...first, 'WATCHDOG=1', `STATUS=${statusWords(status)}`);
    },
    stopping() {
      notify('STOPPING=1', 'STATUS=finishing the slot and uploading');
    },
  };
}
