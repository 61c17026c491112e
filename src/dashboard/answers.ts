/** What pages read of the answers of the admin API; the schemas there have judged each of them. */

export type PhaseName = 'public' | 'shadow' | 'pairwise';

export interface ListOf<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface VendorAnswer {
  readonly id: string;
  readonly name: string;
  readonly contacts: readonly string[];
  readonly policy_uri: string | null;
  readonly clients: readonly string[];
}

export interface ClientListed {
  readonly client_id: string;
  readonly vendor: string;
  readonly phase: PhaseName | null;
  readonly percent: number | null;
  readonly sector: string;
  readonly authentication: 'forwarded' | 'terminated';
  readonly can_bypass: boolean;
}

export interface ClientAnswer extends ClientListed {
  readonly client_name?: string;
  readonly has_client_secret: boolean;
  readonly accept_bypass: boolean;
  readonly pilot_users: number;
}

export interface VersionAnswer {
  readonly version: number;
  readonly phase: PhaseName;
  readonly percent: number | null;
  readonly pilot_users: number;
  readonly at: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly restores: number | null;
  readonly done: boolean;
  readonly gates: readonly GateAnswer[] | null;
}

export type StepName =
  'plan' | 'shadow' | 'pilot_users' | 'percent_5' | 'percent_50' | 'percent_100' | 'done';

export interface GateAnswer {
  readonly name: string;
  readonly state: 'green' | 'red';
  readonly refuses: boolean;
  readonly message: string;
}

export interface FreezeAnswer {
  readonly frozen: boolean;
  readonly at: string | null;
  readonly actor: string | null;
  readonly reason: string | null;
}

export interface RolloutAnswer extends VersionAnswer {
  readonly client_id: string;
  readonly vendor: string;
  readonly step: StepName;
  readonly previous: string | null;
  readonly previous_version: number | null;
  readonly can_bypass: boolean;
  readonly accept_bypass_at: string | null;
}

/** With what stands before the next step. */
export interface BoardAnswer extends RolloutAnswer {
  readonly next_step: StepName | null;
  readonly next_gates: readonly GateAnswer[];
  readonly frozen: boolean;
}

export interface EditAnswer {
  readonly action: string;
  readonly id: string;
  readonly fields: readonly string[];
  readonly warnings: readonly { readonly wrong: string; readonly right: string }[];
  readonly client_secret?: string;
}

export interface MappingTokenAnswer {
  readonly id: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly token?: string;
}

export interface ActivityAnswer {
  readonly days: readonly {
    readonly day: string;
    readonly logins: number;
    readonly new_pseudonyms: number;
  }[];
  readonly phases: readonly {
    readonly phase: PhaseName;
    readonly narrowed: boolean;
    readonly clients: number;
  }[];
}

export interface SectorAnswer {
  readonly sector: string;
  readonly vendor: string;
  readonly clients: readonly string[];
  readonly linked_into: string | null;
  readonly link_state: string | null;
  readonly between_vendors: boolean;
  readonly documents: readonly {
    readonly client_id: string;
    readonly sector_identifier_uri: string;
    readonly checked_at: string | null;
    readonly failing_since: string | null;
    readonly problem: string | null;
  }[];
}

export interface SectorLinkAnswer {
  readonly carried: number;
  readonly merged: number;
}

export interface SectorUnlinkAnswer {
  readonly shared: number;
  readonly kept: boolean;
}

export interface ClientRemovalAnswer {
  readonly client_id: string;
  readonly vendor: string;
  readonly sector: string;
  readonly users: number;
  readonly other_clients: readonly string[];
  readonly recorded_phases: number;
  readonly mapping_tokens: number;
  readonly has_upstream_client: boolean;
}

export interface VendorRemovalAnswer {
  readonly id: string;
  readonly clients: readonly string[];
  readonly held_sectors: readonly {
    readonly sector: string;
    readonly users: number;
    readonly linked: boolean;
  }[];
  readonly initial_tokens: number;
  readonly prepared_clients: number;
}

export interface AdminTokenAnswer {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly last_used: string | null;
  readonly token?: string;
}

/** How far a file of users was read, and what became of it. */
export interface FileAnswer {
  readonly dry_run: boolean;
  readonly present: number;
  readonly last_line: number;
  readonly complete: boolean;
  readonly problems: readonly { readonly line: number; readonly wrong: string }[];
}

export interface ImportAnswer extends FileAnswer {
  readonly sector: string;
  readonly import: string;
  readonly created: number;
  readonly erased: number;
}

export interface LinkFileAnswer extends FileAnswer {
  readonly run: string;
  readonly linked: number;
  readonly pseudonyms: number;
  readonly merged: number;
}

export interface LinkedAnswer {
  readonly was_linked: boolean;
  readonly sectors: number;
  readonly merged: number;
}

export interface KeyAnswer {
  readonly kid: string;
  readonly alg: string;
  readonly state: string;
  readonly created_at: string;
  readonly signs_from: string | null;
  readonly signed_until: string | null;
  readonly published: boolean;
}

export interface SaltAnswer {
  readonly version: number;
  readonly state: string;
  readonly pseudonyms: number;
  readonly created_at: string;
  readonly retired_at: string | null;
  readonly destroy_after: string | null;
}

export interface AuditAnswer {
  readonly position: number;
  readonly at: string;
  readonly act: string;
  readonly actor: string;
  readonly target: string;
  readonly handle: string | null;
  readonly reason: string | null;
  readonly request_id: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
}

export interface VerificationAnswer {
  readonly intact: boolean;
  readonly head: string;
  readonly rows: number;
  readonly segments: number;
  readonly found: number;
  readonly damages: readonly {
    readonly kind: string;
    readonly position: number;
    readonly message: string;
  }[];
}

export interface HeldAnswer {
  readonly sector: string;
  readonly vendor: string | null;
  readonly sub: string;
  readonly generation: number;
  readonly algorithm: string;
  readonly created_at: string;
  readonly retired_at: string | null;
}

export interface ErasureAnswer {
  readonly erasure: string;
  readonly erased: boolean;
  readonly sectors: number;
  readonly pseudonyms: number;
  readonly sessions: number;
  readonly audit_position: number;
}
