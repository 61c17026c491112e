import { writeFile } from 'node:fs/promises';

import { API_REFERENCE, apiReference } from './api-reference.ts';

await writeFile(new URL(`../../${API_REFERENCE}`, import.meta.url), await apiReference());
