import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { startVendor } from '../test/support/vendors/vendor.ts';
import { legacyClient, startLegacyProvider } from './legacy-idp/start.ts';

const USAGE = `node_modules/.bin/node demo/stand-ins.ts --provider URL --vendor URL --issuer URL

A legacy provider and the vendor Acme Learning, for trying the proxy out between
them (docs/getting-started.md). Both stay up until they are told to end.

  --provider   where the provider is to be, such as http://localhost:9000
  --vendor     where the vendor is to be, such as http://127.0.0.1:9001
  --issuer     the provider that the vendor asks: the proxy

data/legacy-acme.secret is the secret of the provider's client legacy-acme,
data/acme-web.secret that of the vendor's own client acme-web.
`;

const url = { type: 'string' } as const;
const { values } = parseArgs({ options: { provider: url, vendor: url, issuer: url } });
const { provider, vendor, issuer } = values;
if (provider === undefined || vendor === undefined || issuer === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  await start(new URL(provider), new URL(vendor), issuer);
}

async function start(provider: URL, vendor: URL, issuer: string): Promise<void> {
  const legacySecret = await secretIn('data/legacy-acme.secret');
  const ownSecret = await secretIn('data/acme-web.secret');
  const client = legacyClient('legacy-acme', legacySecret, `${vendor.origin}/callback`);
  const legacy = await startLegacyProvider([client], Number(provider.port));
  const acme = await startVendor({
    ...{ issuer, clientId: 'acme-web', clientSecret: ownSecret, name: 'Acme Learning' },
    ...{ port: Number(vendor.port), publicOrigin: vendor.origin },
  });
  console.log(`legacy provider at ${legacy.issuer}, Acme Learning at ${acme.origin}`);
}

async function secretIn(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}
