{{/*
What the operator may do wherever it serves pools. No Secrets, no wildcard: a test compares this list with the one
in the chart's tests, so that a new right is a visible choice.
*/}}
{{- define "warmpool.rules" -}}
- apiGroups: [warmpool.dev]
  resources: [warmmodelpools]
  verbs: [get, list, watch]
- apiGroups: [warmpool.dev]
  resources: [warmmodelpools/status]
  verbs: [get, patch]
# An owner reference that blocks deletion needs this where OwnerReferencesPermissionEnforcement is on.
- apiGroups: [warmpool.dev]
  resources: [warmmodelpools/finalizers]
  verbs: [update]
# Server-side apply creates with `create` and `patch` together. Deletion is garbage collection's; only an Ingress can
# be switched off in a pool that stays.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, update, patch]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, patch]
# Where the operator answers for a pool without a warm pod. Neither watched nor deleted: they go with the pool.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [pods]
  # patch: the deletion cost of busy pods, and nothing else.
  verbs: [get, list, watch, patch]
# Another scaler of a pool's Deployment is looked for, and yielded to. Without KEDA this right means nothing.
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [list]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, create, patch]
{{- end -}}
