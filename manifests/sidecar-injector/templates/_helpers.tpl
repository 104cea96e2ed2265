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
{{- end -}}

{{- define "sidecar-injector.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
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
{{- end -}}

{{/* What all webhooks have in common. */}}
{{- define "sidecar-injector.webhook" -}}
admissionReviewVersions: [v1]
timeoutSeconds: {{ .Values.timeoutSeconds }}
matchPolicy: Equivalent
reinvocationPolicy: IfNeeded
sideEffects: None
rules:
  - operations: [CREATE]
    apiGroups: [""]
    apiVersions: [v1]
    resources: [pods]
    scope: Namespaced
{{- end -}}

{{/* A selector's term that keeps the excluded namespaces out. */}}
{{- define "sidecar-injector.namespaceTerm" -}}
- key: kubernetes.io/metadata.name
  operator: NotIn
  values:
    {{- include "sidecar-injector.excludedNamespaces" . | nindent 4 }}
{{- end -}}
