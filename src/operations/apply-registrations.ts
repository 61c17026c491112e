import type { By } from '../audit/by.ts';
import type { Plan } from '../vendors/apply.ts';
import { applyRegistrations, planApply } from '../vendors/apply.ts';
import type { Registrations } from '../vendors/registration.ts';
import type { RegistryContext } from './registry-context.ts';
import { mustBeVouchedForAll } from './sector-documents.ts';

/** How a document is to be applied. */
export interface ApplyDocument {
  readonly registrations: Registrations;
  /** `plan`: only say what would be done. */
  readonly purpose: 'apply' | 'plan';
  readonly sectorChange: 'allowed' | 'refused';
}

/**
 * Makes what stands equal to what a document of vendors and clients says, all of it or nothing.
 *
 * @throws RegistrationError, SectorChangeError, ConflictError
 */
export async function applyDocument(
  context: RegistryContext,
  { registrations, purpose, sectorChange }: ApplyDocument,
  by: By,
): Promise<Plan> {
  const named = registrations.clients.flatMap(({ settings }) => settings.metadata.grant_types);
  const upstreamGrants = await context.upstreamGrants(named);
  const plan = await planApply(context, registrations, upstreamGrants);
  await mustBeVouchedForAll(context, registrations);
  if (purpose === 'plan') return plan;
  const at = context.clock();
  return applyRegistrations(context, registrations, { ...by, at, sectorChange, upstreamGrants });
}
