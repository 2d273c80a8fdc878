// Writes the script that cloud-init runs once on a new instance. It contains neither the harvester's code nor a
// secret: the service loads both from the bucket and SSM when it starts, so a change of them does not replace the
// instance.
import { ENVIRONMENT, OBJECTS, REGION } from '../../core/config/names.ts';
import { ENABLED_UNITS, systemdUnits } from './systemd-units.ts';

const ENVIRONMENT_FILE = '/etc/fyers-harvester.env';
const PROGRAMS = '/opt/fyers';

export interface HarvesterEnvironment {
  readonly suffix: string;
  readonly apiUrl: string;
  readonly symbols: readonly string[];
  readonly everySeconds: number;
  readonly shard: number;
  readonly bucket: string;
}

/** The environment file for systemd; values are validated to need no quotes. */
function environmentBlock(environment: HarvesterEnvironment): string {
  const values = {
    [ENVIRONMENT.suffix]: environment.suffix,
    [ENVIRONMENT.apiUrl]: environment.apiUrl,
    [ENVIRONMENT.symbols]: environment.symbols.join(','),
    [ENVIRONMENT.everySeconds]: String(environment.everySeconds),
    [ENVIRONMENT.bucket]: environment.bucket,
    [ENVIRONMENT.dataDir]: '/var/lib/fyers-harvester',
    [ENVIRONMENT.shard]: String(environment.shard),
    AWS_REGION: REGION,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

export function userData(environment: HarvesterEnvironment): string {
  const units = systemdUnits({ environmentFile: ENVIRONMENT_FILE, programs: PROGRAMS });
  return `#!/bin/bash
# Bootstraps the harvester: swap and the units. Node and the code come when the service starts, again and again until
# they are there.
set -euo pipefail

# dnf is killed for memory on a small instance without it (amazonlinux/amazon-linux-2023#404).
if [ ! -e /swapfile ]; then
  dd if=/dev/zero of=/swapfile bs=1M count=1024 status=none
  chmod 600 /swapfile
  mkswap /swapfile
  echo '/swapfile none swap defaults 0 0' >> /etc/fstab
fi
swapon --all

install --directory --mode=0755 ${PROGRAMS}
${file(ENVIRONMENT_FILE, 'FYERS_ENV', environmentBlock(environment))}
${file(`${PROGRAMS}/prepare`, 'FYERS_PREPARE', PREPARE)}
${file(`${PROGRAMS}/fetch`, 'FYERS_FETCH', FETCH)}
${file(`${PROGRAMS}/upgrade`, 'FYERS_UPGRADE', UPGRADE)}
chmod 0755 ${PROGRAMS}/prepare ${PROGRAMS}/fetch ${PROGRAMS}/upgrade
${Object.entries(units)
  .map(([name, text]) => file(`/etc/systemd/system/${name}`, 'FYERS_UNIT', text))
  .join('\n')}
systemctl daemon-reload
systemctl enable --now --no-block ${ENABLED_UNITS.join(' ')}
`;
}

/** The quoted delimiter prevents shell expansion in the text. */
function file(path: string, delimiter: string, text: string): string {
  return `cat > ${path} <<'${delimiter}'\n${text}${delimiter}`;
}

/** Reads one field of artifact/current.json from a file. */
const FIELD = `field() { node-24 -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))[process.argv[2]]' "$1" "$2"; }`;

const PREPARE = `#!/bin/bash
# Node, where it is not there yet. Not in the bootstrap, which runs once: a package mirror that is away for some
# minutes would leave an instance that never records.
set -euo pipefail
[ -x /usr/bin/node-24 ] || dnf --assumeyes install nodejs24
`;

const FETCH = `#!/bin/bash
# Brings the harvester that ${OBJECTS.currentArtifact} names, once its SHA-256 is proven. Without the bucket, the one
# that is here goes on.
set -euo pipefail
umask 022
work=$(mktemp --directory ${PROGRAMS}/.fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
${FIELD}
get() { aws s3api get-object --bucket "$FYERS_BUCKET" --key "$1" "$2" > /dev/null; }

fetch() {
  get ${OBJECTS.currentArtifact} "$work/current.json" || return 1
  key=$(field "$work/current.json" key) || return 1
  sha256=$(field "$work/current.json" sha256) || return 1
  get "$key" "$work/harvester.mjs" || return 1
  echo "$sha256  $work/harvester.mjs" | sha256sum --check --status || return 1
  mv "$work/harvester.mjs" ${PROGRAMS}/harvester.mjs
}

if fetch; then
  echo "the harvester is $sha256"
elif [ -e ${PROGRAMS}/harvester.mjs ]; then
  echo "the bucket gives no harvester that its SHA-256 proves: the one that is here goes on" >&2
else
  echo "the bucket gives no harvester that its SHA-256 proves: trying again" >&2
  exit 1
fi
`;

const UPGRADE = `#!/bin/bash
# Starts the harvester afresh, and so fetches, where the bucket names another one than runs here.
set -euo pipefail
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
${FIELD}
aws s3api get-object --bucket "$FYERS_BUCKET" --key ${OBJECTS.currentArtifact} "$work/current.json" > /dev/null
wanted=$(field "$work/current.json" sha256)
if ! echo "$wanted  ${PROGRAMS}/harvester.mjs" | sha256sum --check --status; then
  systemctl restart fyers-harvester.service
fi
`;
