// Writes a `pulumi` for the PATH that keeps a stack's configuration in files, and notes the arguments that it was
// given.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SCRIPT = `#!/bin/sh
cd "$PULUMI_STUB" || exit 70
printf '%s\\n' "$*" >> calls
shift 3
for last; do :; done
case "$1 $2" in
  'stack --show-name') echo dev ;;
  'stack export') cat exported ;;
  'stack output') cat output ;;
  'config --json')
    printf '{'
    comma=''
    for file in config/*; do
      [ -f "$file" ] || continue
      printf '%s"fyers-token-refresh:%s":{"value":"%s","secret":true}' "$comma" "\${file##*/}" "$(cat "$file")"
      comma=','
    done
    printf '}\\n' ;;
  'config set') cat > "config/$last" ;;
  *) echo "error: the stub does not know $*" >&2; exit 255 ;;
esac
`;

export interface PulumiStub {
  /** What a command's environment needs to run it. */
  readonly env: Readonly<Record<string, string>>;
  config(): Readonly<Record<string, string>>;
  configure(key: string, value: string): void;
  /** The ids of resources that the stack made. */
  owns(...ids: readonly string[]): void;
  answerOutput(text: string): void;
  /** The arguments of every call. */
  calls(): string;
}

/** @param folder of its own, outside the one that commands run in */
export function pulumiStub(folder: string): PulumiStub {
  const config = path.join(folder, 'config');
  mkdirSync(config, { recursive: true });
  const write = (name: string, text: string, mode = 0o600): void => {
    writeFileSync(path.join(folder, name), text, { mode });
  };
  write('pulumi', SCRIPT, 0o700);
  write('exported', '{"version":3,"deployment":{}}');
  return {
    env: { PATH: `${folder}:/usr/bin:/bin`, PULUMI_STUB: folder },
    config: () =>
      Object.fromEntries(
        readdirSync(config).map((key) => [key, readFileSync(path.join(config, key), 'utf8')]),
      ),
    configure: (key, value) => {
      write(path.join('config', key), value);
    },
    owns: (...ids) => {
      const resources = ids.map((id) => ({ type: 'aws:ssm/parameter:Parameter', id }));
      write('exported', JSON.stringify({ version: 3, deployment: { resources } }));
    },
    answerOutput: (text) => {
      write('output', text);
    },
    calls: () => {
      const file = path.join(folder, 'calls');
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    },
  };
}
