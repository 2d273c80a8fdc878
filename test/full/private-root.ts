// Makes a private root folder to boot into: its processes can read all files of this machine, and their writes stay in
// memory and are dropped at the end. It is an overlay in a mount namespace, without a container engine. The network is
// this machine's.
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Finished } from '../../sandbox/pulumi/process.ts';

type Environment = Readonly<Record<string, string>>;

export interface PrivateRoot extends AsyncDisposable {
  /** Ends with this process in any case. */
  spawn(command: readonly string[], env: Environment): ChildProcessWithoutNullStreams;
  run(command: readonly string[], env?: Environment, input?: string): Promise<Finished>;
}

/** systemd's own for services. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

const NAMESPACE = ['--mount', '--propagation', 'private'];

const SET_UP = `set -euo pipefail
base=$1 tools=$2 node=$3
mount -t tmpfs private "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
while read -r _ place _; do
  case $place in
    / | "$base"*) ;;
    *) [ ! -d "$base/root$place" ] || mount --rbind "$place" "$base/root$place" ;;
  esac
done < <(cat /proc/self/mounts)
install --mode=0755 "$tools"/* "$base/root/usr/local/bin"
touch "$base/root/usr/local/lib/node"
mount --bind "$node" "$base/root/usr/local/lib/node"
exec chroot "$base/root" /bin/sh -c 'echo ready; exec cat'
`;

/** Null where there can be one. */
export function whyNoPrivateRoot(): string | null {
  const { status, error, stderr } = spawnSync('unshare', [...NAMESPACE, 'true'], {
    encoding: 'utf8',
  });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

/**
 * @param options.base an empty folder, which stays empty
 * @param options.tools a folder of executables that stand before the system's own
 * @param options.node goes to /usr/local/lib/node, where every user may run it
 */
export async function privateRoot(options: {
  readonly base: string;
  readonly tools: string;
  readonly node: string;
}): Promise<PrivateRoot> {
  const { base, tools, node } = options;
  const shell = ['bash', '-c', SET_UP, 'set-up', base, tools, node];
  // Where its standard input ends, it ends, and the namespace with it.
  const holder = spawn('unshare', [...NAMESPACE, ...shell], { stdio: 'pipe' });
  const complaints = text(holder.stderr);
  const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (String(first[0]) !== 'ready\n') {
    throw new Error(`there is no private root: ${await complaints}`);
  }
  const enter = ['--mount', '--root', '--wdns=/', '--target', String(holder.pid)];
  const inside = (command: readonly string[], env: Environment) =>
    spawn('nsenter', [...enter, 'setpriv', '--pdeathsig', 'KILL', ...command], { env });
  return {
    spawn: inside,
    async run(command, env = { PATH: SYSTEM_PATH }, input = '') {
      const child = inside(command, env);
      // What reads nothing may be gone before its input is.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ]);
      return { code: child.exitCode, stdout, stderr };
    },
    async [Symbol.asyncDispose]() {
      const gone = once(holder, 'exit');
      holder.stdin.end();
      await gone;
    },
  };
}
