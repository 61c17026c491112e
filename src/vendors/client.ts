import type { FrontChannel } from '../config/types.ts';
import type { ClientKey } from './client-keys.ts';
import type { EventDelivery } from './event-members.ts';
import type { LogoutMetadata } from './logout-members.ts';
import type { MigrationPolicy } from './migration-members.ts';
import type { ResourceServer } from './resource-server.ts';
import type { TokenMetadata } from './token-members.ts';

/** How the proxy authenticates as a client's upstream client (OpenID Connect Core 9). */
export type UpstreamAuthenticationMethod =
  'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** What a client is served as (design section 4, Phases). */
export type Phase = 'public' | 'shadow' | 'pairwise';

/** OpenID Connect Core 8. */
export type SubjectType = 'public' | 'pairwise';

/**
 * What comes of it when users disconnect a vendor themselves: at the next login another
 * subject, or the same one; or they may not.
 */
export type DisconnectPolicy = 'new_subject' | 'same_subject' | 'forbidden';

/** A vendor: an organisation that owns clients and sectors. */
export interface Vendor {
  readonly id: string;
  readonly name: string;
  readonly contacts: readonly string[];
  readonly policyUri: string | undefined;
  readonly oneSector: boolean;
  readonly allowedSubjectTypes: readonly SubjectType[];
  /** Whether users are told before their first login what the vendor will get. */
  readonly notice: boolean;
  readonly disconnect: DisconnectPolicy;
}

/** One recorded version of a client's phase. Versions count from 1. */
export interface PhaseVersion {
  readonly version: number;
  readonly phase: Phase;
  /** Share of users, 0 to 100, that `pairwise` is narrowed to; undefined: not narrowed by share. */
  readonly percent: number | undefined;
  /** User indexes (base64url of the per-sector blind index) of the pilot users. */
  readonly pilotUsers: readonly string[];
  /** The change-log position of this version. */
  readonly change: number;
  readonly at: Date;
}

/** The client metadata that the proxy keeps, under the names of RFC 7591 and OpenID Connect Registration. */
export interface ClientMetadata extends TokenMetadata, LogoutMetadata {
  readonly client_name?: string | undefined;
  readonly application_type: 'web' | 'native';
  readonly redirect_uris: readonly string[];
  readonly post_logout_redirect_uris: readonly string[];
  readonly token_endpoint_auth_method:
    'client_secret_basic' | 'client_secret_post' | 'client_secret_jwt' | 'private_key_jwt' | 'none';
  /** Undefined: any that its keys, or its secret, can be used with. */
  readonly token_endpoint_auth_signing_alg?: string | undefined;
  /** The client's public keys, by value or where they are published; never both. */
  readonly jwks?: { readonly keys: readonly ClientKey[] } | undefined;
  readonly jwks_uri?: string | undefined;
  /** RFC 9101 10.5. */
  readonly request_object_signing_alg?: string | undefined;
  readonly require_signed_request_object?: boolean | undefined;
  /** RFC 9126 6. */
  readonly require_pushed_authorization_requests?: boolean | undefined;
  readonly id_token_signed_response_alg: 'RS256' | 'ES256' | 'PS256' | 'EdDSA';
  /** JARM 3; as `id_token_signed_response_alg` unless said otherwise. */
  readonly authorization_signed_response_alg: 'RS256' | 'ES256' | 'PS256' | 'EdDSA';
  /** RFC 9701 6; as `id_token_signed_response_alg` unless said otherwise. */
  readonly introspection_signed_response_alg?: 'RS256' | 'ES256' | 'PS256' | 'EdDSA' | undefined;
  /** Present: the client is an API that tokens may be meant for. */
  readonly resource_server?: ResourceServer | undefined;
  /** The APIs of `INTERNAL_APIS` that the client reaches with its access tokens. */
  readonly internal_apis?: readonly string[] | undefined;
  readonly response_types: readonly string[];
  readonly grant_types: readonly string[];
  /** Space-separated; the scopes that the client may ask for. */
  readonly scope: string;
  readonly require_auth_time: boolean;
  /** Whether a `login_hint` that is none of the client's own subjects goes to the upstream. */
  readonly login_hint: 'forward' | 'drop';
  /** Present: a pairwise user's e-mail address is the pseudonym at this domain. */
  readonly relay_email_domain?: string | undefined;
  /** RFC 9449 5.2: tokens only with a proof of the key that they are then bound to. */
  readonly dpop_bound_access_tokens?: boolean | undefined;
  /** Whether a DPoP proof must hold a nonce of ours (RFC 9449 8). */
  readonly require_dpop_nonce?: boolean | undefined;
  readonly sector_identifier_uri?: string | undefined;
  /** CIBA 4: the one mode that there is. */
  readonly backchannel_token_delivery_mode?: 'poll' | undefined;
  /** How its users came, or come, from original subjects to pseudonyms. */
  readonly migration?: MigrationPolicy | undefined;
  /** How it is told of changed subjects. */
  readonly events?: EventDelivery | undefined;
}

/** An OAuth client of a vendor, as the registry serves it: secrets opened, phase history with it. */
export interface Client {
  readonly clientId: string;
  readonly vendorId: string;
  /** The sector identifier, computed at registration and never at login. */
  readonly sector: string;
  readonly subjectType: SubjectType;
  readonly metadata: ClientMetadata;
  /** The vendor's own credential; undefined for public and for forwarded clients. */
  readonly clientSecret: string | undefined;
  /** The `Authorization` header that events are pushed with. */
  readonly eventsAuthorization?: string | undefined;
  /** Present: client authentication is terminated here. Absent: it is forwarded. */
  readonly upstream:
    | {
        readonly clientId: string;
        readonly clientSecret: string | undefined;
        /** Undefined: as the upstream lists, with the secret where there is one. */
        readonly authenticationMethod?: UpstreamAuthenticationMethod | undefined;
        readonly shared: boolean;
      }
    | undefined;
  readonly acceptBypass: boolean;
  /** Personal claims that a pairwise client gets: entries of `tokens/released-names.ts`. */
  readonly releaseClaims: readonly string[];
  readonly frontChannel: FrontChannel | undefined;
  /** Days after a phase change during which old tokens keep their subject. */
  readonly continuityDays: number;
  /** All recorded phases, oldest first, never empty. */
  readonly phases: readonly PhaseVersion[];
  /** Tokens sealed at an earlier change number than this are dead. */
  readonly notBefore: number;
}
