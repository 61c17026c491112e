import { randomBytes } from 'node:crypto';

import { ExplainedRefusal } from '../errors.ts';
import type { Client, SubjectType, Vendor } from './client.ts';
import { clientEntryOf } from './client-entry.ts';
import { usesSecret } from './credential-rules.ts';
import { describeProblem, type Problem } from './problem.ts';
import { isObject } from './read-entry.ts';
import { readRegistration, SECTOR_REMEDY, type ClientRegistration } from './registration.ts';

/** Client metadata as a vendor sends it (RFC 7591 2, OpenID Connect Registration 2). */
export type SentMetadata = Readonly<Record<string, unknown>>;

/** What a vendor may say of its own client. All else is the operator's, or unknown and ignored. */
const REGISTRABLE = [
  'client_name',
  'application_type',
  'redirect_uris',
  'post_logout_redirect_uris',
  'backchannel_logout_uri',
  'backchannel_logout_session_required',
  'frontchannel_logout_uri',
  'frontchannel_logout_session_required',
  'response_types',
  'grant_types',
  'scope',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'jwks',
  'jwks_uri',
  'request_object_signing_alg',
  'require_signed_request_object',
  'require_pushed_authorization_requests',
  'id_token_signed_response_alg',
  'id_token_encrypted_response_alg',
  'id_token_encrypted_response_enc',
  'userinfo_signed_response_alg',
  'userinfo_encrypted_response_alg',
  'userinfo_encrypted_response_enc',
  'authorization_signed_response_alg',
  'introspection_signed_response_alg',
  'require_auth_time',
  'dpop_bound_access_tokens',
  'events',
  'subject_type',
  'sector_identifier_uri',
] as const;

/** RFC 7592 2.2: a client must not send them. */
const ISSUED = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
];

/** Bytes of a secret: enough for HS512 (RFC 7518 3.2). */
const SECRET_BYTES = 48;
const NO_SOURCES = { env: () => undefined, file: () => '' };

/**
 * A client from what its vendor asks for, by the rules of `apply`. Credentials are made
 * here; what it is at the upstream may be settled afterwards.
 *
 * @throws ExplainedRefusal
 */
export function newRegistration(sent: SentMetadata, vendor: Vendor): ClientRegistration {
  refuseStatement(sent);
  return judged(
    {
      ...registrable(sent),
      subject_type: subjectTypeFor(sent, vendor),
      client_id: `client_${randomBytes(16).toString('base64url')}`,
      ...secretFor(sent, undefined),
    },
    PLACEHOLDER,
    vendor,
  );
}

/**
 * A client as its vendor wants it to be (RFC 7592 2.2): everything that a vendor may say is
 * replaced, and what the operator said stays.
 *
 * @throws ExplainedRefusal
 */
export function changedRegistration(
  sent: SentMetadata,
  client: Client,
  vendor: Vendor,
): ClientRegistration {
  refuseStatement(sent);
  for (const name of ISSUED) {
    if (!Object.hasOwn(sent, name)) continue;
    throw invalid(`${name} must not be sent (RFC 7592 2.2)`);
  }
  if (sent['client_id'] !== client.clientId)
    throw invalid('client_id must be the one of this client');
  if (![undefined, null, client.clientSecret].includes(sent['client_secret'] as string)) {
    throw invalid('client_secret cannot be chosen: send the present one, or none');
  }
  const wanted = sent['subject_type'] ?? client.subjectType;
  if (wanted !== client.subjectType) {
    throw invalid('subject_type cannot be changed here: ask the operator of this service');
  }
  const { upstream, ...standing } = clientEntryOf(client, vendor);
  const kept = Object.entries(standing).filter(
    ([name]) => !isRegistrable(name) && name !== 'client_secret',
  );
  return judged(
    {
      ...Object.fromEntries(kept),
      ...registrable(sent),
      ...eventsOf(sent, client),
      subject_type: client.subjectType,
      ...secretFor(sent, client.clientSecret),
    },
    upstream,
    vendor,
  );
}

/** What a vendor is told of its client (RFC 7591 3.2.1): what it may say, and its credentials. */
export function clientInformation(
  client: Pick<Client, 'clientId' | 'clientSecret' | 'subjectType' | 'metadata'>,
  issuedAt: Date,
): Readonly<Record<string, unknown>> {
  const { clientId, clientSecret, subjectType } = client;
  const metadata: Readonly<Record<string, unknown>> = { ...client.metadata };
  const own = REGISTRABLE.filter((name) => metadata[name] !== undefined).map((name) => [
    name,
    metadata[name],
  ]);
  return {
    client_id: clientId,
    client_id_issued_at: Math.floor(issuedAt.getTime() / 1000),
    ...(clientSecret !== undefined && {
      client_secret: clientSecret,
      client_secret_expires_at: 0,
    }),
    ...(Object.fromEntries(own) as Record<string, unknown>),
    subject_type: subjectType,
  };
}

/** Stands in until the client at the upstream is known; no rule looks at more of it. */
const PLACEHOLDER = { client_id: 'to be registered', client_secret: 'to be given' };

function judged(
  entry: Readonly<Record<string, unknown>>,
  upstream: unknown,
  vendor: Vendor,
): ClientRegistration {
  const { clients, problems } = readRegistration({ ...entry, upstream }, vendor, [], NO_SOURCES);
  const [registration] = clients;
  if (problems.length > 0 || registration === undefined) throw explained(problems);
  return registration;
}

/** The problems of an entry as one refusal, in the words of RFC 7591 3.2.2. */
export function explained(problems: readonly Problem[]): ExplainedRefusal {
  const sentences = problems.map((problem) =>
    problem.right === SECTOR_REMEDY ? problem.wrong : describeProblem(problem),
  );
  const isRedirectUri = problems.some(
    ({ path: [member], right }) => member === 'redirect_uris' && right !== SECTOR_REMEDY,
  );
  const reason = isRedirectUri ? 'client_redirect_uri_invalid' : 'client_metadata_invalid';
  return new ExplainedRefusal(reason, sentences.join('. '));
}

function invalid(message: string): ExplainedRefusal {
  return new ExplainedRefusal('client_metadata_invalid', message);
}

function refuseStatement(sent: SentMetadata): void {
  if (sent['software_statement'] === undefined) return;
  throw new ExplainedRefusal(
    'software_statement_unapproved',
    'software_statement is not accepted here: leave it out',
  );
}

/** The operator decides what may be asked for; `public` in that list makes it the default. */
function subjectTypeFor(sent: SentMetadata, vendor: Vendor): SubjectType {
  const allowed = vendor.allowedSubjectTypes;
  const wanted = sent['subject_type'] ?? (allowed.includes('public') ? 'public' : 'pairwise');
  const found = allowed.find((type) => type === wanted);
  if (found !== undefined) return found;
  throw invalid(
    `subject_type must be ${allowed.join(' or ')}: nothing else is allowed for this vendor`,
  );
}

/** What a vendor sent, without what it may not say; RFC 7591 2: `null` is as good as left out. */
function registrable(sent: SentMetadata): Record<string, unknown> {
  const given = Object.entries(sent).filter(
    ([name, value]) => isRegistrable(name) && value !== null,
  );
  const members = Object.fromEntries(given) as Record<string, unknown>;
  return { ...members, grant_types: grantTypes(members) };
}

/**
 * The header that a receiver of events wants to see is told to nobody, as secrets are (RFC 7592
 * 2.2 speaks of what was told): for the same address it stays unless another one, or `null`, is
 * sent. For another address it would be a secret in the wrong hands.
 */
function eventsOf({ events }: SentMetadata, { metadata, eventsAuthorization }: Client) {
  if (!isObject(events) || eventsAuthorization === undefined) return {};
  const { authorization_header: header, ...others } = events;
  if (header === null) return { events: others };
  const present = metadata.events;
  const isSame = present?.delivery === 'push' && present.endpoint_url === events['endpoint_url'];
  if (header !== undefined || !isSame) return {};
  return { events: { ...events, authorization_header: eventsAuthorization } };
}

/**
 * RFC 7591 2: `authorization_code` where nothing is said. The early way answers every response
 * type by the code flow, so `implicit` is replaced.
 */
function grantTypes({ grant_types: given }: Readonly<Record<string, unknown>>): unknown {
  if (given === undefined) return ['authorization_code'];
  if (!Array.isArray(given)) return given;
  const types: unknown[] = given;
  return [...new Set(types.map((type) => (type === 'implicit' ? 'authorization_code' : type)))];
}

function secretFor(sent: SentMetadata, present: string | undefined) {
  const method = sent['token_endpoint_auth_method'] ?? 'client_secret_basic';
  if (!usesSecret(method as Parameters<typeof usesSecret>[0])) return {};
  return { client_secret: present ?? randomBytes(SECRET_BYTES).toString('base64url') };
}

function isRegistrable(name: string): boolean {
  return (REGISTRABLE as readonly string[]).includes(name);
}

/** The JSON object of a request body; anything else is refused. */
export function sentMetadata(value: unknown): SentMetadata {
  if (isObject(value)) return value;
  throw invalid('the request body must be a JSON object');
}
