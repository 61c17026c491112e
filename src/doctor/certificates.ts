import { connect, type DetailedPeerCertificate, type PeerCertificate } from 'node:tls';

import { ok, problem, warning, type Finding } from './finding.ts';

/** Milliseconds for a handshake. */
const TIMEOUT = 5000;
/** Days before its end from which on a certificate is named. */
const SOON = 21;
const DAY = 86_400_000;

/** Whose certificate is looked at: as findings name it, and where it is reached. */
export interface Secured {
  /** `ISSUER`, or the upstream. */
  readonly who: string;
  readonly url: URL;
}

/** What another TLS client would say of each address; those without TLS are left out. */
export async function certificateFindings(
  addresses: readonly Secured[],
  now: Date,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const { who, url } of addresses) {
    if (url.protocol !== 'https:' || seen.has(url.host)) continue;
    seen.add(url.host);
    const shown = await handshake(url);
    if (shown !== undefined) findings.push(certificateFinding(`${who} (${url.host})`, shown, now));
  }
  return findings;
}

interface Shown {
  readonly protocol: string | null;
  /** Undefined: it is trusted. */
  readonly distrusted: string | undefined;
  readonly certificate: Pick<PeerCertificate, 'valid_to' | 'issuer'>;
}

/** Undefined where nobody answers; another check says so. */
function handshake(url: URL): Promise<Shown | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const { promise, resolve } = Promise.withResolvers<Shown | undefined>();
  const socket = connect({
    ...{ host, port: Number(url.port === '' ? 443 : url.port), timeout: TIMEOUT },
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    // So that the certificate can be read and named; nothing is sent over this connection.
    rejectUnauthorized: false,
  });
  socket.once('secureConnect', () => {
    const error = socket.authorized ? undefined : codeOf(socket.authorizationError);
    const certificate: DetailedPeerCertificate = socket.getPeerCertificate(true);
    resolve({ protocol: socket.getProtocol(), distrusted: error, certificate });
    socket.destroy();
  });
  const gone = (): void => {
    resolve(undefined);
    socket.destroy();
  };
  socket.once('timeout', gone).once('error', gone);
  return promise;
}

function certificateFinding(where: string, shown: Shown, now: Date): Finding {
  const { certificate, distrusted, protocol } = shown;
  const until = new Date(certificate.valid_to);
  const days = Math.floor((until.getTime() - now.getTime()) / DAY);
  const end = until.toISOString().slice(0, 10);
  if (distrusted !== undefined) {
    const message = `The certificate of ${where} is not trusted: ${distrusted} (valid until ${end}).`;
    const hint =
      'Let it be renewed with its chain; where it is of an authority of your own, name that in NODE_EXTRA_CA_CERTS.';
    return problem('tls', message, hint);
  }
  if (days < SOON) {
    const message = `The certificate of ${where} ends in ${days} days, on ${end}.`;
    return warning('tls', message, 'Let it be renewed; whatever renews it by itself is late.');
  }
  return ok('tls', `The certificate of ${where} is trusted and valid until ${end}; ${protocol}.`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
