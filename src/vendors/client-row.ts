import type { AtRest } from '../database/at-rest.ts';
import { bytes, text } from '../database/bytes.ts';
import type { FrontChannel } from '../config/types.ts';
import type {
  Client,
  ClientMetadata,
  SubjectType,
  UpstreamAuthenticationMethod,
} from './client.ts';
import type { ClientSettings } from './registration.ts';

/** A row of `clients`, as the drivers return it. */
export interface ClientRow {
  readonly client_id: Buffer;
  readonly vendor_id: Buffer;
  readonly sector: Buffer;
  readonly subject_type: SubjectType;
  readonly metadata: string;
  readonly client_secret: Buffer | null;
  readonly events_authorization: Buffer | null;
  readonly upstream_client_id: Buffer | null;
  readonly upstream_client_secret: Buffer | null;
  readonly upstream_shared: number | boolean;
  readonly has_upstream: number | boolean;
  readonly accept_bypass: number | boolean;
  readonly accept_bypass_at: number | string | null;
  readonly release_claims: string;
  readonly front_channel: FrontChannel | null;
  readonly continuity_days: number;
  readonly not_before: number | string;
  readonly revision: number;
}

/** The settings as columns, secrets sealed for their table, column and row. */
export function toColumns(settings: ClientSettings, atRest: AtRest) {
  const sealed = (column: string, secret: string | undefined): Buffer | null =>
    secret === undefined
      ? null
      : atRest.seal({ table: 'clients', column, row: settings.clientId }, bytes(secret));
  const { upstream } = settings;
  return {
    vendor_id: bytes(settings.vendorId),
    sector: bytes(settings.sector),
    subject_type: settings.subjectType,
    metadata: JSON.stringify({
      ...settings.metadata,
      [UPSTREAM_METHOD]: upstream?.authenticationMethod,
    }),
    client_secret: sealed('client_secret', settings.clientSecret),
    events_authorization: sealed('events_authorization', settings.eventsAuthorization),
    has_upstream: upstream !== undefined,
    upstream_client_id: upstream === undefined ? null : bytes(upstream.clientId),
    upstream_client_secret: sealed('upstream_client_secret', upstream?.clientSecret),
    upstream_shared: upstream?.shared ?? false,
    accept_bypass: settings.acceptBypass,
    release_claims: JSON.stringify(settings.releaseClaims),
    front_channel: settings.frontChannel ?? null,
    continuity_days: settings.continuityDays,
  };
}

/** What a row holds but for the phases, secrets opened. Throws where a secret does not open. */
export function fromRow(row: ClientRow, atRest: AtRest): Omit<Client, 'phases'> {
  const clientId = text(row.client_id);
  const opened = (
    column: 'client_secret' | 'upstream_client_secret' | 'events_authorization',
  ): string | undefined => {
    const sealed = row[column];
    if (sealed === null) return undefined;
    return text(atRest.open({ table: 'clients', column, row: clientId }, sealed));
  };
  return {
    clientId,
    vendorId: text(row.vendor_id),
    sector: text(row.sector),
    subjectType: row.subject_type,
    metadata: metadataFrom(row.metadata),
    clientSecret: opened('client_secret'),
    eventsAuthorization: opened('events_authorization'),
    upstream: row.has_upstream
      ? {
          clientId: text(row.upstream_client_id ?? row.client_id),
          clientSecret: opened('upstream_client_secret'),
          ...upstreamMethodFrom(row.metadata),
          shared: Boolean(row.upstream_shared),
        }
      : undefined,
    acceptBypass: Boolean(row.accept_bypass),
    releaseClaims: JSON.parse(row.release_claims) as string[],
    frontChannel: row.front_channel ?? undefined,
    continuityDays: row.continuity_days,
    notBefore: Number(row.not_before),
  };
}

/** Where the upstream block's method stands beside the client's own metadata. */
const UPSTREAM_METHOD = 'upstream_token_endpoint_auth_method';

type StoredMetadata = ClientMetadata & {
  readonly [UPSTREAM_METHOD]?: UpstreamAuthenticationMethod;
};

function upstreamMethodFrom(json: string): {
  readonly authenticationMethod?: UpstreamAuthenticationMethod;
} {
  const method = (JSON.parse(json) as StoredMetadata)[UPSTREAM_METHOD];
  return method === undefined ? {} : { authenticationMethod: method };
}

/** Rows of an earlier version lack what was not known then. */
function metadataFrom(json: string): ClientMetadata {
  const { [UPSTREAM_METHOD]: _upstreams, ...stored } = JSON.parse(json) as StoredMetadata;
  return {
    ...stored,
    response_types: stored.response_types ?? ['code'],
    login_hint: stored.login_hint ?? 'drop',
    authorization_signed_response_alg:
      stored.authorization_signed_response_alg ?? stored.id_token_signed_response_alg,
  };
}
