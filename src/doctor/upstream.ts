import type { Config } from '../config/types.ts';
import { Refusal } from '../errors.ts';
import { createExchange, type Exchange, type UpstreamResponse } from '../upstream/exchange.ts';
import { jsonObject } from '../upstream/json.ts';
import { parseJwks, type Jwk } from '../upstream/jwks.ts';
import { parseMetadata, type UpstreamMetadata } from '../upstream/metadata.ts';
import { discoveryUrl, forwardedHeaders } from '../upstream/reach.ts';
import { clockFinding } from './clock.ts';
import { ok, problem, warning, type Finding } from './finding.ts';

/** What the upstream said of itself. */
export interface UpstreamStanding {
  readonly findings: readonly Finding[];
  /** Undefined where it could not be read. */
  readonly metadata: UpstreamMetadata | undefined;
  readonly grantTypes: readonly string[] | undefined;
}

const TIMEOUT = 10_000;
const JSON_TYPES = ['application/json'];
const JWKS_TYPES = ['application/jwk-set+json', 'application/json'];

/** Reads the upstream's discovery document and keys, as `serve` does. */
export async function examineUpstream(
  config: Config,
  clock: () => Date,
): Promise<UpstreamStanding> {
  const headers = forwardedHeaders(config.upstream);
  const pool = createExchange({ headers, timeoutMilliseconds: TIMEOUT });
  try {
    return await examine(pool.exchange, config, clock);
  } finally {
    await pool.close();
  }
}

async function examine(
  exchange: Exchange,
  config: Config,
  clock: () => Date,
): Promise<UpstreamStanding> {
  const url = discoveryUrl(config.upstream);
  let document: Readonly<Record<string, unknown>> = {};
  try {
    const asked = clock();
    const response = await read(exchange, url, JSON_TYPES);
    const skew = clockFinding(response.headers, asked, clock());
    document = jsonObject(response, JSON_TYPES);
    const metadata = parseMetadata(document, config.upstream);
    const grantTypes = stringsOf(document['grant_types_supported']);
    return {
      findings: [
        ok('upstream', `Its document at ${url.href} names the issuer ${metadata.issuer}.`),
        ...(await keyFindings(exchange, metadata)),
        ...originFindings(config, metadata),
        ...abilityFindings(metadata),
        skew,
      ],
      metadata,
      grantTypes,
    };
  } catch (error) {
    const finding = unusable(error, url, document['issuer'], config.upstream.issuer);
    return { findings: [finding], metadata: undefined, grantTypes: undefined };
  }
}

async function read(
  exchange: Exchange,
  url: URL,
  accept: readonly string[],
): Promise<UpstreamResponse> {
  const response = await exchange({ method: 'GET', url, accept, redirects: 'same-origin' });
  if (response.status !== 200) throw new Refusal('upstream_status', `status ${response.status}`);
  return response;
}

function unusable(error: unknown, url: URL, issuer: unknown, expected: string): Finding {
  if (!(error instanceof Refusal)) throw error;
  if (typeof issuer === 'string' && issuer !== expected) {
    const message = `Its document names the issuer "${issuer}", UPSTREAM_ISSUER is "${expected}".`;
    const hint = `They must be equal to the letter: set UPSTREAM_ISSUER=${issuer} if that is the upstream meant.`;
    return problem('upstream', message, hint);
  }
  const detail = error.detail === undefined ? '' : ` (${error.detail})`;
  const message = `Its document at ${url.href} cannot be used: ${error.reason}${detail}.`;
  const hint = 'Check UPSTREAM_ISSUER, UPSTREAM_URL, and that this machine reaches the upstream.';
  return problem('upstream', message, hint);
}

async function keyFindings(
  exchange: Exchange,
  metadata: UpstreamMetadata,
): Promise<readonly Finding[]> {
  const url = metadata.reached.jwks_uri;
  try {
    const keys = parseJwks(jsonObject(await read(exchange, url, JWKS_TYPES), JWKS_TYPES));
    const offered = metadata.id_token_signing_alg_values_supported;
    const usable = offered.filter((algorithm) => keys.some((key) => serves(key, algorithm)));
    if (usable.length === 0) {
      const message = `None of its ${keys.length} keys fits ${offered.join(', ')}.`;
      const hint = 'The upstream must publish the key that it signs ID tokens with.';
      return [problem('upstream_keys', message, hint)];
    }
    return [ok('upstream_keys', `Signing keys: ${keys.length}, for ${usable.join(', ')}.`)];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const detail = error.detail === undefined ? '' : ` (${error.detail})`;
    const message = `Its keys at ${url.href} cannot be used: ${error.reason}${detail}.`;
    return [problem('upstream_keys', message, 'Without them no ID token can be verified.')];
  }
}

function serves(key: Jwk, algorithm: string): boolean {
  if (key.alg !== undefined) return key.alg === algorithm;
  if (algorithm === 'EdDSA') return key.kty === 'OKP';
  return key.kty === (algorithm.startsWith('ES') ? 'EC' : 'RSA');
}

/** The relay has one upstream origin; login pages elsewhere are out of its reach. */
function originFindings(config: Config, metadata: UpstreamMetadata): readonly Finding[] {
  const home = new URL(config.upstream.issuer).origin;
  const authorization = new URL(metadata.advertised.authorization_endpoint).origin;
  if (authorization === home) return [];
  const message = `Its authorization endpoint is at ${authorization}, its issuer at ${home}.`;
  const hint = 'The relay reaches the origin of UPSTREAM_ISSUER alone; logins will not work.';
  return [problem('upstream_origin', message, hint)];
}

function abilityFindings(metadata: UpstreamMetadata): readonly Finding[] {
  const findings: Finding[] = [];
  if (metadata.code_challenge_methods_supported.includes('S256')) {
    findings.push(ok('upstream_pkce', 'It takes PKCE (S256), which the proxy uses.'));
  } else {
    const message = 'Its document does not offer PKCE with S256.';
    const hint =
      'The proxy checks the PKCE of vendors itself; between it and the upstream none is used.';
    findings.push(warning('upstream_pkce', message, hint));
  }
  if (!metadata.response_types_supported.includes('code')) {
    const message = `Its response types are ${metadata.response_types_supported.join(', ')}.`;
    const hint = 'The proxy needs the code flow of the upstream.';
    findings.push(problem('upstream_code_flow', message, hint));
  }
  if (metadata.scopes_supported?.includes('openid') === false) {
    const message = 'Its document does not list the scope openid.';
    findings.push(problem('upstream_scopes', message, 'Is it an OpenID Provider?'));
  }
  if (metadata.reached.userinfo_endpoint === undefined) {
    const message = 'It has no userinfo endpoint.';
    const hint = 'Vendors that ask ours get an error; those that read the ID token are fine.';
    findings.push(warning('upstream_userinfo', message, hint));
  }
  return findings;
}

function stringsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}
