import { readRegistrations, type Registrations } from './registration.ts';
import type { SecretSources } from './secrets.ts';
import { readYaml } from './yaml-document.ts';

/**
 * Reads the YAML document of `apply` (design section 7). What is wrong in its
 * entries stands in the result, each with its line; what is not YAML, or holds
 * a key twice, is thrown as a `RegistrationError`.
 */
export function readApplyDocument(yaml: string, sources: SecretSources): Registrations {
  const { value, located } = readYaml(yaml);
  const registrations = readRegistrations(value, sources);
  return {
    ...registrations,
    located,
    problems: registrations.problems.map(located),
    warnings: registrations.warnings.map(located),
  };
}
