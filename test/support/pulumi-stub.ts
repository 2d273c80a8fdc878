// Writes a `pulumi` for the PATH that keeps a stack's configuration in files, and records its calls.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Ends each argument of a call in the file, and the input of each call. */
const [ARGUMENT_END, CALL_END] = ['\u001f', '\u001e'];

const SCRIPT = `#!/bin/sh
PATH=/usr/bin:/bin
cd "$PULUMI_STUB" || exit 70
input=$(cat)
printf '%s\\037' "$@" >> calls
printf '%s\\036' "$input" >> calls
for last; do
  [ "$last" != "\${PULUMI_STUB_FAILS%%:*}" ] || { echo "error: \${PULUMI_STUB_FAILS#*:} $input" >&2; exit 255; }
done
shift 3
case "$1 $2" in
  'version ') echo v3.259.0 ;;
  'stack --show-name') [ "$last" = --show-name ] && echo dev || echo "$last" ;;
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
  'config set') printf '%s' "$input" > "config/$last" ;;
  *) echo "error: the stub does not know $*" >&2; exit 255 ;;
esac
`;

interface Call {
  readonly args: readonly string[];
  readonly input: string;
}

export interface PulumiStub {
  /** What a command's environment needs to run it. */
  readonly env: Readonly<Record<string, string>>;
  config(): Readonly<Record<string, string>>;
  configure(key: string, value: string): void;
  /** The ids of resources that the stack made. */
  owns(...ids: readonly string[]): void;
  answerOutput(text: string): void;
  readonly listCalls: () => readonly Call[];
  /** The arguments of every call, one call a line. */
  calls(): string;
}

/**
 * @param folder of its own, outside the one that commands run in
 * @param fails the argument at which the script fails, a colon, and the error message
 */
export function pulumiStub(folder: string, fails = ''): PulumiStub {
  const config = path.join(folder, 'config');
  mkdirSync(config, { recursive: true });
  const write = (name: string, text: string, mode = 0o600): void => {
    writeFileSync(path.join(folder, name), text, { mode });
  };
  write('pulumi', SCRIPT, 0o700);
  write('exported', '{"version":3,"deployment":{}}');
  const listCalls = (): readonly Call[] => {
    const file = path.join(folder, 'calls');
    const calls = existsSync(file) ? readFileSync(file, 'utf8').split(CALL_END).slice(0, -1) : [];
    return calls.map((call) => {
      const args = call.split(ARGUMENT_END);
      return { args: args.slice(0, -1), input: args.at(-1) ?? '' };
    });
  };
  return {
    env: { PATH: folder, PULUMI_STUB: folder, PULUMI_STUB_FAILS: fails },
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
    listCalls,
    calls: () =>
      listCalls()
        .map(({ args }) => args.slice(3).join(' '))
        .join('\n'),
  };
}
