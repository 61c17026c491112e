import { bytes } from '../../src/database/bytes.ts';
import type { Connection } from '../../src/database/connection.ts';

const hash = (fill: number): Buffer => Buffer.alloc(32, fill);
const client = {
  client_id: bytes('acme-web'),
  vendor_id: bytes('acme'),
  sector: bytes('acme.example'),
};

/** One row of every table, each table after those that it refers to. */
const ROWS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  roots: { name: bytes('storage'), wrapped: hash(1), created_at: 1 },
  salts: { version: 1, salt: hash(2), algorithm: 'hmac-sha256', state: 'active', created_at: 1 },
  signing_keys: {
    kid: bytes('k1'),
    alg: 'RS256',
    state: 'active',
    slot: 'RS256:active',
    public_jwk: '{}',
    private_jwk: hash(3),
    created_at: 1,
  },
  changes: { position: 1, kind: 'client', target: bytes('acme-web'), at: 1 },
  vendors: {
    id: bytes('acme'),
    name: 'Acme Straße 東京 🎓',
    contacts: '[]',
    one_sector: false,
    allowed_subject_types: '["pairwise"]',
    created_at: 1,
    updated_at: 1,
  },
  sectors: { sector: client.sector, vendor_id: client.vendor_id, created_at: 1 },
  clients: {
    ...client,
    subject_type: 'pairwise',
    metadata: '{}',
    upstream_shared: false,
    has_upstream: false,
    accept_bypass: false,
    release_claims: '[]',
    continuity_days: 30,
    created_at: 1,
    updated_at: 1,
  },
  phase_changes: {
    client_id: client.client_id,
    version: 1,
    phase: 'pairwise',
    pilot_users: '[]',
    actor: 'apply',
    change_position: 1,
    at: 1,
  },
  pseudonyms: {
    sector: client.sector,
    user_index: hash(4),
    generation: 1,
    sub: bytes('p1'),
    local_subject: hash(5),
    salt_version: 1,
    algorithm: 'hmac-sha256',
    created_at: 1,
  },
  sessions: {
    grant_id: bytes('g1'),
    client_id: client.client_id,
    sector: client.sector,
    user_index: hash(4),
    created_at: 1,
    expires_at: 2,
  },
  spent: { purpose: 'code', hash: hash(6), expires_at: 2 },
  logout_deliveries: {
    id: bytes('d1'),
    client_id: client.client_id,
    contents: hash(9),
    attempts: 0,
    due_at: 1,
    expires_at: 2,
  },
  audit_log: {
    position: 1,
    act: 'client.created',
    actor: bytes('cli:ada'),
    target: bytes('acme-web'),
    at: 1,
    hash: hash(10),
  },
  audit_handles: { handle: hash(11).subarray(16), sector: client.sector, user_index: hash(4) },
  audit_segments: { position: 1, records: bytes('{}') },
  daily_activity: { day: 20_780, made: 1, seen: 2 },
  notices: {
    client_id: client.client_id,
    sector: client.sector,
    user_index: hash(4),
    shown: '{"items":[]}',
    at: 1,
  },
  initial_access_tokens: {
    id: bytes('t1'),
    vendor_id: client.vendor_id,
    token_hash: hash(12),
    uses_left: 1,
    created_at: 1,
    expires_at: 2,
  },
  mapping_tokens: {
    id: bytes('m1'),
    client_id: client.client_id,
    token_hash: hash(14),
    created_at: 1,
    expires_at: 2,
  },
  client_registrations: {
    client_id: client.client_id,
    token_hash: hash(13),
    initial_token_id: bytes('t1'),
    created_at: 1,
    updated_at: 1,
  },
  upstream_clients: {
    id: bytes('u1'),
    vendor_id: client.vendor_id,
    state: 'bound',
    client_id: client.client_id,
    upstream_client_id: bytes('legacy-acme'),
    management: hash(14),
    created_at: 1,
    updated_at: 1,
  },
  sector_checks: { client_id: client.client_id, checked_at: 1 },
  sealed_references: { hash: hash(7), purpose: 'code', value: hash(8), expires_at: 2 },
  subject_marks: { user_hash: hash(12), not_before: 1, expires_at: 2 },
  tombstones: { hash: hash(13), generation: 2 },
  subject_changes: {
    sector: client.sector,
    user_index: hash(4),
    old_sub: bytes('p1'),
    new_sub: bytes('p2'),
    at: 1,
    expires_at: 2,
  },
  subject_rotations: {
    slot: 1,
    scope: bytes('all'),
    holder: bytes('h1'),
    lease_until: 1,
    started_at: 1,
    grace_days: 90,
    end_sessions: false,
    rotated: 0,
  },
  admin_tokens: {
    name: bytes('dashboard'),
    token_hash: hash(15),
    scopes: 'read',
    created_at: 1,
    expires_at: 2,
  },
  admin_requests: {
    key_hash: hash(16),
    fingerprint: hash(17),
    names_users: false,
    created_at: 1,
    expires_at: 2,
  },
  former_names: {
    former_hash: hash(18),
    former: hash(20),
    present_hash: hash(19),
    present: hash(21),
    grace_until: 1,
    expires_at: 2,
  },
  subject_lookups: { actor: bytes('cli:ada'), hour: 1, count: 1 },
  given_subjects: {
    client_id: client.client_id,
    sector: client.sector,
    user_index: hash(4),
    generation: 1,
  },
  event_streams: {
    id: bytes('client:acme-web'),
    batch: 0,
    place: 0,
    holder: bytes('h2'),
    lease_until: 1,
    due_at: 1,
    failures: 0,
    tries: 0,
    delivered: 0,
    abandoned: 0,
  },
  rollout_freezes: { slot: 1, actor: bytes('cli:ada'), at: 1 },
  shadow_logins: { client_id: client.client_id, hour: 1, logins: 1, made: 1, failed: 0 },
  event_acks: { stream_id: bytes('client:acme-web'), event_id: 1 },
};

/** The tables that hold their one row from the start. */
const HEADS = ['change_head', 'audit_head', 'event_batches'] as const;

/** Every table that a migration creates. */
export const tableNames: readonly string[] = [...Object.keys(ROWS), ...HEADS];

export async function fillEveryTable(
  db: Connection,
  { except = [] }: { readonly except?: readonly string[] } = {},
): Promise<void> {
  for (const [name, row] of Object.entries(ROWS)) {
    if (!except.includes(name)) await db(name).insert(row);
  }
}
