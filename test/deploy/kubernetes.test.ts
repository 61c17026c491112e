import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Namespace, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';

import manifest from '../../package.json' with { type: 'json' };
import { documentsOf, KNOWN_VARIABLES, textOf, yamlFilesOf } from './files.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  // Manifests are read as data; what is asked of them is checked by the expectations.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly spec?: any;
}

const MODELS = {
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
} as const;

const files = await yamlFilesOf('kubernetes');
const manifests = (await Promise.all(files.map(documentsOf)))
  .flat()
  .map((manifest) => manifest as Manifest)
  .filter(({ kind }) => kind !== 'Kustomization');

function only(kind: keyof typeof MODELS, name = 'pairwise-proxy'): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** Fails where the API of Kubernetes would. */
function validate(manifest: Manifest): void {
  const Model = MODELS[manifest.kind as keyof typeof MODELS];
  if (Model === undefined) throw new Error(`no schema for ${manifest.kind}`);
  new Model(manifest as never).validate();
}

describe('the Kubernetes manifests', () => {
  it.each(manifests.map((each) => [each.kind, each.metadata.name, each] as const))(
    'fit the schema of Kubernetes: %s %s',
    (_kind, _name, manifest) => {
      expect(() => validate(manifest)).not.toThrow();
    },
  );

  it('would be found wrong where they did not fit', () => {
    const wrong = structuredClone(only('Deployment'));
    wrong.spec.template.spec.containers[0].ports[0].containerPort = 'public';
    expect(() => validate(wrong)).toThrow(/containerPort/);
  });

  it('are all joined by the kustomization, but for the example of a secret', async () => {
    const [kustomization] = await documentsOf('kubernetes/kustomization.yaml');
    const { resources } = kustomization as { resources: readonly string[] };
    const expected = files
      .map((file) => file.replace('kubernetes/', ''))
      .filter((file) => !['kustomization.yaml', 'secret.example.yaml'].includes(file));
    expect([...resources].toSorted()).toEqual(expected.toSorted());
  });

  it('set only variables that the proxy reads, each secret from a file that is mounted', () => {
    const { data = {} } = only('ConfigMap');
    expect(Object.keys(data).filter((name) => !KNOWN_VARIABLES.has(name))).toEqual([]);
    const { stringData = {} } = only('Secret');
    const secrets = Object.entries(data).filter(([name]) => name.endsWith('_FILE'));
    const [container] = only('Deployment').spec.template.spec.containers;
    const [{ mountPath }] = container.volumeMounts;
    expect(secrets.map(([, path]) => path).toSorted()).toEqual(
      Object.keys(stringData)
        .map((name) => `${mountPath}/${name}`)
        .toSorted(),
    );
  });

  it('run the image of this version, not as root, on a file system that it cannot write', () => {
    for (const { spec } of [only('Deployment'), only('Job', 'pairwise-proxy-migrate')]) {
      const pod = spec.template.spec;
      expect(pod.securityContext.runAsNonRoot).toBe(true);
      expect(pod.automountServiceAccountToken).toBe(false);
      for (const container of pod.containers) {
        expect(container.image).toBe(`pairwise-proxy:${manifest.version}`);
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('wait longer than the drain of the process before they kill it', async () => {
    const drain = /DRAIN_LIMIT = ([\d_]+)/.exec(await textOf('../src/serve.ts'))?.[1] ?? '';
    const { spec } = only('Deployment').spec.template;
    const [, wait] = spec.containers[0].lifecycle.preStop.exec.command;
    const needed = Number(wait) + Number(drain.replaceAll('_', '')) / 1000;
    expect(needed).toBeGreaterThan(0);
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  });

  it('lead the ingress to the public port alone', () => {
    const { rules } = only('Ingress').spec;
    for (const { http } of rules) {
      for (const { backend } of http.paths) {
        expect(backend.service).toEqual({ name: 'pairwise-proxy', port: { name: 'public' } });
      }
    }
    expect(only('Service').spec.ports).toEqual([
      { name: 'public', port: 80, targetPort: 'public' },
    ]);
  });

  it('select the pods of the deployment in services, budget and policy', () => {
    const labels = only('Deployment').spec.template.metadata.labels;
    const selectors = [
      only('Service').spec.selector,
      only('Service', 'pairwise-proxy-admin').spec.selector,
      only('PodDisruptionBudget').spec.selector.matchLabels,
      only('NetworkPolicy').spec.podSelector.matchLabels,
    ];
    for (const selector of selectors) expect(labels).toMatchObject(selector);
  });
});
