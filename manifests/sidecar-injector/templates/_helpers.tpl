{{/* The name of every object of the release: the release's own name. */}}
{{- define "sidecar-injector.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* The label that selects the release's pods. Immutable in a Deployment. */}}
{{- define "sidecar-injector.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sidecar-injector.labels" -}}
{{ include "sidecar-injector.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The registry that takes the place of every image's own; empty: none does. */}}
{{- define "sidecar-injector.registry" -}}{{ dig "imageRegistry" "" (.Values.global | default dict) }}{{- end -}}

{{/* An image's name at that registry, from (list $ NAME). What has no dot, no colon and is not localhost is no registry. */}}
{{- define "sidecar-injector.moved" -}}
{{- $registry := include "sidecar-injector.registry" (first .) -}}
{{- $name := last . -}}
{{- if $registry -}}
{{- $parts := splitn "/" 2 $name -}}
{{- $registry }}/{{ ternary $parts._1 $name (and (contains "/" $name) (regexMatch "[.:]|^localhost$" $parts._0)) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* The injector's image. */}}
{{- define "sidecar-injector.image" -}}
{{- with .Values.image -}}
{{- $repository := include "sidecar-injector.moved" (list $ .repository) -}}
{{- if .digest -}}
{{ $repository }}@{{ .digest }}
{{- else -}}
{{ $repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The values of the profile, as YAML. With another registry the images that a built-in profile names are there, those that
the user gave and the defaults; not those of a profile that takes values from its mesh, where the mesh says which.
*/}}
{{- define "sidecar-injector.values" -}}
{{- $values := deepCopy (.Values.values | default dict) -}}
{{- if and (include "sidecar-injector.registry" .) (not .Values.profile) -}}
  {{- range $path, $default := (include "sidecar-injector.profile" . | fromYaml).images -}}
    {{- $keys := splitList "." $path -}}
    {{- $moved := dict (last $keys) (include "sidecar-injector.moved" (list $ (dig (first $keys) (last $keys) $default $values))) -}}
    {{- $values = mergeOverwrite $values (dict (first $keys) $moved) -}}
  {{- end -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}

{{/* Namespaces whose pods never reach the injector, as a YAML list. */}}
{{- define "sidecar-injector.excludedNamespaces" -}}
{{- list "kube-system" "kube-public" "kube-node-lease" .Release.Namespace .Values.certManager.namespace
    | concat .Values.excludedNamespaces | uniq | sortAlpha | toYaml -}}
{{- end -}}

{{/* The name of what holds the CAs of API servers' client certificates; empty: nobody has to show one. */}}
{{- define "sidecar-injector.clientCA" -}}{{ .Values.clientCA.configMap | default .Values.clientCA.secret }}{{- end -}}

{{/* "true" with Istio's own templates. */}}
{{- define "sidecar-injector.istio" -}}{{ if eq (toString .Values.config.profile) "istio" }}true{{ end }}{{- end -}}

{{/* Istio's ConfigMaps, as a YAML list; those of a revision carry its name. */}}
{{- define "sidecar-injector.istioConfigMaps" -}}
{{- $suffix := ternary "" (print "-" .Values.istio.revision) (has .Values.istio.revision (list "" "default")) -}}
[istio-sidecar-injector{{ $suffix }}, istio{{ $suffix }}]
{{- end -}}

{{/*
Fails while a webhook configuration of Istio's selects the namespaces that this one would: which of the two injects a
pod would then depend on the order in which the API server calls them.
*/}}
{{- define "sidecar-injector.refuseOverlap" -}}
{{- if and (eq (include "sidecar-injector.namespaceLabelKey" .) "istio-injection") (not .Values.istio.allowOverlap) -}}
  {{- range (lookup "admissionregistration.k8s.io/v1" "MutatingWebhookConfiguration" "" "").items -}}
    {{- $configuration := .metadata.name -}}
    {{- range .webhooks -}}
      {{- if hasSuffix "sidecar-injector.istio.io" .name -}}
        {{- range dig "namespaceSelector" "matchExpressions" list . -}}
          {{- if and (eq .key "istio-injection") (eq .operator "In") (has "enabled" .values) -}}
            {{- fail (printf "Istio's webhook configuration %q injects the namespaces labelled istio-injection=enabled: take the label config.namespaceLabel for this injector (docs/istio.md), or set istio.allowOverlap" $configuration) -}}
          {{- end -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Conditions of all webhooks, so that an outage of the injector never blocks such pods. */}}
{{- define "sidecar-injector.commonConditions" -}}
- name: no-mirror-pod
  expression: >-
    !(has(object.metadata.annotations) && 'kubernetes.io/config.mirror' in object.metadata.annotations)
- name: no-windows-pod
  expression: >-
    !(has(object.spec.os) && has(object.spec.os.name) && object.spec.os.name == 'windows') &&
    !(has(object.spec.nodeSelector) && 'kubernetes.io/os' in object.spec.nodeSelector && object.spec.nodeSelector['kubernetes.io/os'] == 'windows')
{{- if not (dig "trigger" "hostNetwork" false (include "sidecar-injector.profile" . | fromYaml)) }}
- name: no-host-network-unless-asked
  expression: >-
    !(has(object.spec.hostNetwork) && object.spec.hostNetwork) || ({{ include "sidecar-injector.asks" . }})
{{- end }}
{{- with .Values.webhook.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of what is there while `helm test` runs. */}}
{{- define "sidecar-injector.test" -}}
labels:
  {{- include "sidecar-injector.labels" . | nindent 2 }}
annotations:
  helm.sh/hook: test
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end -}}

{{/* For which version, and which flags of serve, a configuration is meant. */}}
{{- define "sidecar-injector.installation" -}}
{{- $flags := list -}}
{{- if include "sidecar-injector.istio" . -}}
{{- $flags = append $flags (printf " istio=%s/%s" .Values.istio.namespace .Values.istio.revision) -}}
{{- end -}}
{{- range $namespace, $configMaps := include "sidecar-injector.sources" . | fromYaml -}}
{{- range $configMaps -}}
{{- $flags = append $flags (printf " source=%s/%s" $namespace .) -}}
{{- end -}}
{{- end -}}
{{- .Chart.AppVersion }}{{ join "" $flags -}}
{{- end -}}

{{/* What all webhooks have in common. */}}
{{- define "sidecar-injector.webhook" -}}
admissionReviewVersions: [v1]
timeoutSeconds: {{ .Values.timeoutSeconds }}
matchPolicy: Equivalent
reinvocationPolicy: IfNeeded
sideEffects: {{ ternary "NoneOnDryRun" "None" .Values.ownerEvents.enabled }}
rules:
  - operations: [CREATE]
    apiGroups: [""]
    apiVersions: [v1]
    resources: [pods]
    scope: Namespaced
{{- with .Values.webhook.objectSelector }}
objectSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A selector's term that keeps the excluded namespaces out. */}}
{{- define "sidecar-injector.namespaceTerm" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values:
    {{- include "sidecar-injector.excludedNamespaces" . | nindent 4 }}
{{- range $key, $value := .Values.webhook.namespaceSelector.matchLabels }}
- key: {{ $key }}
  operator: In
  values: [{{ $value | quote }}]
{{- end }}
{{- with .Values.webhook.namespaceSelector.matchExpressions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The account that the injector runs as. */}}
{{- define "sidecar-injector.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "sidecar-injector.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | required "serviceAccount.name is empty: without serviceAccount.create it has to name an account that is there" }}
{{- end -}}
{{- end -}}
